import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { setTimeout as delay } from 'node:timers/promises';
import { describeEnd, type ProcessGroup } from './process-group.ts';
import { DevServerStartError } from './errors.ts';

const POLL_MS = 100;
const REQUEST_TIMEOUT_MS = 2_000;
/** A process that has run this long while a server answers is that server, even without the expected announcement. */
const UNANNOUNCED_MS = 5_000;
const { SERVING } = proto.grpc.health.v1.HealthCheckResponse.ServingStatus;

/** A server takes a moment to start: reconnect at once, not after gRPC's second. */
const CHANNEL = {
  'grpc.initial_reconnect_backoff_ms': POLL_MS,
  'grpc.min_reconnect_backoff_ms': POLL_MS,
  'grpc.max_reconnect_backoff_ms': POLL_MS,
};

export interface HealthOptions {
  readonly address: string;
  readonly namespace: string;
  readonly timeoutMs: number;
  /** Whether the server itself has announced that it is running; another one might answer at the address. */
  readonly announced: () => boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Waits until the server at `address` serves `namespace`, and is the process in `group`.
 * @throws {DevServerStartError} when the process ends, or after `timeoutMs`
 */
export async function waitUntilHealthy(group: ProcessGroup, options: HealthOptions): Promise<void> {
  const { address, namespace, timeoutMs, signal } = options;
  const ended = group.ended.then(describeEnd);
  const aborted = new Promise<string>((resolve) => {
    signal?.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
  // Without the client's retries.
  const connection = Connection.lazy({ address, channelArgs: CHANNEL, interceptors: [] });
  const deadline = Date.now() + timeoutMs;
  let healthySince: number | undefined;
  try {
    for (;;) {
      const problem = await Promise.race([problemOf(connection, namespace), ended, aborted]);
      signal?.throwIfAborted();
      if (group.hasEnded) throw new DevServerStartError(await ended, group.tail);
      if (problem === undefined) {
        healthySince ??= Date.now();
        if (options.announced() || Date.now() - healthySince > UNANNOUNCED_MS) return;
      }
      if (Date.now() > deadline) {
        const why = problem ?? 'it never announced that it is running';
        throw new DevServerStartError(`was not healthy after ${timeoutMs} ms (${why})`, group.tail);
      }
      await Promise.race([delay(POLL_MS), ended, aborted]);
    }
  } finally {
    await connection.close();
  }
}

async function problemOf(connection: Connection, namespace: string): Promise<string | undefined> {
  try {
    return await connection.withDeadline(Date.now() + REQUEST_TIMEOUT_MS, async () => {
      const service = 'temporal.api.workflowservice.v1.WorkflowService';
      const { status } = await connection.healthService.check({ service });
      if (status !== SERVING) return `health status ${status}`;
      await connection.workflowService.describeNamespace({ namespace });
      return undefined;
    });
  } catch (error) {
    return (error as Error).message;
  }
}
