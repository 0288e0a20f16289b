/**
 * Lanes and the quarantine as workflows: every request is one signal-with-start.
 *
 * Decides nothing about order or repetition, that is the dispatcher's. Tells which failures mean that Temporal is out of
 * reach, and which that it refuses this request.
 */
import { Buffer } from 'node:buffer';
import { isGrpcServiceError, WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import type { Logger } from 'pino';
import { formatPosition } from '../contracts/position.ts';
import { laneWorkflowId, searchableKey } from '../contracts/lane-id.ts';
import type { LaneInput, LaneMemo, LaneOptions, RecordsSignal } from '../contracts/lane.ts';
import { quarantineWorkflowId, SEARCH_ATTRIBUTES, SIGNALS, WORKFLOW_TYPES } from '../contracts/names.ts';
import type { QuarantineInput, QuarantineSignal } from '../contracts/quarantine.ts';
import type { EndedRun } from '../contracts/remains.ts';
import type { Clock } from './clock.ts';
import { encodedBatchSize } from './encoded-size.ts';
import { HandoverRefusedError, type HandoverRequest, type LaneGateway } from './lane-gateway.ts';
import type { OutageLog } from './outage-log.ts';
import { endedRun } from './predecessor.ts';
import { rejectWhenAborted } from './reject-when-aborted.ts';

/** Codes of gRPC; `@grpc/grpc-js` is not a dependency of ours. */
const GRPC = { UNKNOWN: 2, DEADLINE_EXCEEDED: 4, UNAVAILABLE: 14 } as const;
const OUT_OF_REACH: ReadonlySet<number> = new Set([GRPC.UNKNOWN, GRPC.DEADLINE_EXCEEDED, GRPC.UNAVAILABLE]);
const TOO_LARGE = /(?:blob data|transaction) size exceeds limit|received message larger than max|message too large/i;
const TOO_LARGE_RETRY_MS = 60_000;
/** What a server of gRPC takes unless it is set otherwise: 4 MiB, less what surrounds the data. */
const LARGEST_MESSAGE = 4 * 1024 * 1024 - 64 * 1024;
/** Bytes that Temporal takes as a summary. */
const LONGEST_SUMMARY = 400;

const PIPELINE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.pipeline, SearchAttributeType.KEYWORD);
const KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.key, SearchAttributeType.KEYWORD);
const STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD);

export interface TemporalGatewayOptions {
  readonly client: Client;
  readonly pipeline: string;
  /** Where lanes and the quarantine run. */
  readonly taskQueue: string;
  readonly lane: LaneOptions;
  readonly requestTimeoutMs: number;
  /** Shared by all that talk to this server. */
  readonly outage: OutageLog;
  readonly log: Logger;
  readonly clock: Clock;
}

export class TemporalGateway implements LaneGateway {
  readonly #options: TemporalGatewayOptions;

  constructor(options: TemporalGatewayOptions) {
    this.#options = options;
  }

  async send(request: HandoverRequest, signal: AbortSignal): Promise<void> {
    const { clock, outage } = this.#options;
    const begunAt = clock.now();
    try {
      await this.#call(() => (request.to === 'lane' ? this.#toLane(request) : this.#toQuarantine(request)), signal);
    } catch (error) {
      if (!signal.aborted) this.#tell(error, request, begunAt);
      throw isTooLarge(error, request) ? tooLarge(error, request) : error;
    }
    outage.succeeded(clock.now());
  }

  async #call(call: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const { client, requestTimeoutMs } = this.#options;
    signal.throwIfAborted();
    // The client never takes its listener off the signal that it is given, so each call gets one of its own; and it does
    // not look at the signal between its attempts, so the call is left to itself.
    const controller = new AbortController();
    const cancel = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const called = client.withAbortSignal(controller.signal, () =>
        client.withDeadline(Date.now() + requestTimeoutMs, async () => void (await call())),
      );
      await Promise.race([called, rejectWhenAborted(controller.signal)]);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /**
   * A lane that has ended is started anew only after a look at how it ended: one that was terminated held events (O5).
   * That costs keys that come back two requests more, and no other key anything.
   */
  async #toLane(request: HandoverRequest & { readonly to: 'lane' }): Promise<void> {
    try {
      await this.#signalLane(request, 'REJECT_DUPLICATE');
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const { client, pipeline } = this.#options;
      const predecessor = await endedRun(client, laneWorkflowId(pipeline, request.key));
      await this.#signalLane(request, 'ALLOW_DUPLICATE', predecessor);
    }
  }

  async #signalLane(
    request: HandoverRequest & { readonly to: 'lane' },
    workflowIdReusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE',
    predecessor?: EndedRun,
  ): Promise<void> {
    const { client, pipeline, taskQueue, lane } = this.#options;
    const { key, events, leaseUntil } = request;
    const taking = predecessor === undefined ? {} : { predecessor };
    const input: LaneInput = { version: 1, pipeline, key, options: lane, ...taking };
    const memo: LaneMemo = { key };
    const records: RecordsSignal = { leaseUntil, events };
    const searchable = searchableKey(key);
    const attributes: SearchAttributePair[] = [
      { key: PIPELINE, value: pipeline },
      { key: STATUS, value: 'healthy' },
    ];
    if (searchable !== undefined) attributes.push({ key: KEY, value: searchable });
    await client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
      workflowId: laneWorkflowId(pipeline, key),
      workflowIdReusePolicy,
      taskQueue,
      args: [input],
      signal: SIGNALS.records,
      signalArgs: [records],
      typedSearchAttributes: attributes,
      memo: { ...memo },
      staticSummary: cutToBytes(key, LONGEST_SUMMARY),
    });
  }

  async #toQuarantine(request: HandoverRequest & { readonly to: 'quarantine' }): Promise<void> {
    const { client, pipeline, taskQueue, lane } = this.#options;
    const input: QuarantineInput = { version: 1, pipeline, signalsPerRun: lane.signalsPerRun };
    const signal: QuarantineSignal = { leaseUntil: request.leaseUntil, records: request.records };
    await client.workflow.signalWithStart(WORKFLOW_TYPES.quarantine, {
      workflowId: quarantineWorkflowId(pipeline),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      taskQueue,
      args: [input],
      signal: SIGNALS.records,
      signalArgs: [signal],
      typedSearchAttributes: [{ key: PIPELINE, value: pipeline }],
      staticSummary: `Records of ${pipeline} without a usable key`,
    });
  }

  #tell(error: unknown, request: HandoverRequest, begunAt: number): void {
    const { log, outage } = this.#options;
    const code = grpcError(error)?.code;
    if (isTooLarge(error, request)) {
      log.error({ err: error, ...describe(request) }, tooLarge(error, request).message);
    } else if (code !== undefined && OUT_OF_REACH.has(code)) {
      outage.failed(error, begunAt);
    } else if (request.attempt === 3 || request.attempt % 30 === 0) {
      // Throttling, and a lane that is about to continue as new, are over by then.
      log.warn({ err: error, ...describe(request) }, 'Temporal keeps refusing records, sending them again');
    }
  }
}

/**
 * Temporal takes payloads up to a limit (2 MiB unless the server is set otherwise), and a request that carries a single
 * record cannot be made smaller. Dropping the record would be a loss, so its key waits and the checkpoint with it, and
 * every attempt says so (O9). Keeping large records outside Temporal is the way out, once Keylane can.
 */
function tooLarge(error: unknown, request: HandoverRequest): HandoverRefusedError {
  const { key, position, bytes } = describe(request);
  const where = key === undefined ? 'the quarantine' : `key ${JSON.stringify(key)}`;
  return new HandoverRefusedError(
    `Record ${position} (${bytes} bytes) for ${where} is larger than Temporal accepts in one payload. It stays where it ` +
      'is, and with it the checkpoint of its shard. Raise limit.blobSize.error on the server (and for more than 4 MiB, what gRPC takes); it is sent again every ' +
      `${TOO_LARGE_RETRY_MS / 1000} s until it is accepted.`,
    TOO_LARGE_RETRY_MS,
    { cause: error },
  );
}

function describe(request: HandoverRequest) {
  const records = request.to === 'lane' ? request.events : request.records;
  return {
    ...(request.to === 'lane' ? { key: request.key } : {}),
    position: records[0] && formatPosition(records[0].position),
    records: records.length,
    bytes: encodedBatchSize(request),
  };
}

/** The client wraps what gRPC said as the cause. */
function grpcError(error: unknown): { readonly code: number; readonly details: string } | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (isGrpcServiceError(each)) return each;
  }
  return undefined;
}

function isTooLarge(error: unknown, request: HandoverRequest): boolean {
  const { code, details = '' } = grpcError(error) ?? {};
  if (TOO_LARGE.test(details)) return true;
  // gRPC refuses a message that is too large as if it were throttled; the client repeats it until the deadline.
  return code === GRPC.DEADLINE_EXCEEDED && encodedBatchSize(request) > LARGEST_MESSAGE;
}

function cutToBytes(text: string, most: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= most) return text.toWellFormed();
  let end = most;
  // Not in the middle of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
