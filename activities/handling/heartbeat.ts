import { Context } from '@temporalio/activity';

/**
 * Reports progress three times within each heartbeat timeout. The first report comes only after a third of it: most
 * stretches have ended by then, and every heartbeat is a write on the server.
 */
export function startHeartbeat(timeoutMs: number, details: () => unknown): { stop(): void } {
  if (!Number.isFinite(timeoutMs)) return { stop: () => undefined };
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(details()), timeoutMs / 3);
  return { stop: () => clearInterval(timer) };
}

/**
 * Runs the work of an activity that has no progress to report. The heartbeat says that its process is alive, so that
 * another process takes over within the heartbeat timeout when it is not.
 */
export async function withHeartbeat<T>(run: () => Promise<T>): Promise<T> {
  const heartbeat = startHeartbeat(Context.current().info.heartbeatTimeoutMs ?? Infinity, () => null);
  try {
    return await run();
  } finally {
    heartbeat.stop();
  }
}
