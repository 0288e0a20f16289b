import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { TemporalSettings } from '../settings/settings.ts';
import { connectClient, TemporalUnreachableError } from './connection.ts';
import type { Environment } from '../settings/environment.ts';

const TIMEOUT_MS = 5000;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;

/** Connects to Temporal, however long that takes, and logs once that it waits. Rejects only when the signal aborts. */
export async function connectPatiently(
  temporal: TemporalSettings,
  { log, signal, env }: { readonly log: Logger; readonly signal: AbortSignal; readonly env: Environment },
): Promise<Client> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    signal.throwIfAborted();
    try {
      const client = await connectClient(temporal, { timeoutMs: TIMEOUT_MS, env });
      if (waitMs > FIRST_WAIT_MS) log.info('Connected to Temporal');
      return client;
    } catch (error) {
      if (!(error instanceof TemporalUnreachableError)) throw error;
      if (waitMs === FIRST_WAIT_MS) log.warn(`${error.message} Retrying until it is reachable.`);
      await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
