import { Context } from '@temporalio/activity';
import type { FreezeWatch } from '../lib/node/freeze-watch.ts';

/**
 * Reports progress three times within each heartbeat timeout. The first report comes only after a third of it: most
 * batches have ended by then, and every heartbeat is a write on the server. In a process that was frozen recently it
 * comes at once: Temporal may have started the attempt long before this process got to it.
 */
export function startHeartbeat(timeoutMs: number, details: () => unknown, freezeWatch?: FreezeWatch): { stop(): void } {
  if (!Number.isFinite(timeoutMs)) return { stop: () => undefined };
  const context = Context.current();
  const beat = (): void => context.heartbeat(details());
  if (freezeWatch?.frozenWithin(timeoutMs, timeoutMs / 6) === true) beat();
  const timer = setInterval(beat, timeoutMs / 3);
  return { stop: () => clearInterval(timer) };
}

/**
 * Runs the work of an activity that has no progress to report. The heartbeat shows that its process is alive, so that
 * another process gets the work within the heartbeat timeout when it is not.
 */
export async function withHeartbeat<T>(run: () => Promise<T>): Promise<T> {
  const heartbeat = startHeartbeat(Context.current().info.heartbeatTimeoutMs ?? Infinity, () => null);
  try {
    return await run();
  } finally {
    heartbeat.stop();
  }
}
