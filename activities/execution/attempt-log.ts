import type { Logger } from 'pino';
import type { Failure } from '../../contracts/event/failure.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import { truncate } from '../../lib/pure/text.ts';
import type { Call } from './call.ts';

const CAUSE_CHARS = 500;

/** Logs one line for each failed attempt, with its stack only at the level debug. The lane logs that a key is blocked. */
export function logFailedAttempt(log: Logger, call: Omit<Call, 'data'>, failure: Failure): void {
  const { pipeline, key, event, attempt } = call;
  const stack = log.isLevelEnabled('debug') ? { stack: failure.stack } : {};
  const cause = { errorType: failure.type, cause: truncate(failure.message, CAUSE_CHARS), ...stack };
  log.info(
    { pipeline, key, position: formatPosition(event.position), attempt, ...cause },
    failure.nonRetryable ? 'Attempt failed, and no retry can help' : 'Attempt failed',
  );
}
