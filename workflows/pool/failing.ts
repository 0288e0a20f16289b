/** The failed attempts of a key whose first event fails while the key is in the pool. Pure. */
import type { LanePhase } from '../../contracts/lane/phase.ts';
import type { FailedEvent } from '../../contracts/event/failure.ts';

import { retryWaitMs } from './outage/outage.ts';

export interface Failing {
  readonly attempts: number;
  /** Time of the first failed attempt, ms since 1970. */
  readonly since: number;
  /** Time of the latest failed attempt. */
  readonly lastAt: number;
  /** The latest failure. Undefined if a previous run had no space for it. */
  readonly known: FailedEvent | undefined;
  /** The key is about to move out. */
  readonly leaves: boolean;
}

/** After one more failed attempt. */
export function failedAgain(before: Failing | undefined, known: FailedEvent, now: number): Failing {
  const attempts = (before?.attempts ?? 0) + 1;
  return { attempts, since: before?.since ?? now, lastAt: now, known, leaves: false };
}

/** Whether the key must not be tried again: the settings allow no further attempt, or the failure is not retryable. */
export function isUsedUp({ attempts, known }: Failing): boolean {
  return known !== undefined && (known.failure.nonRetryable || attempts >= known.policy.maxAttempts);
}

/** When the retry policy allows the next attempt, ms since 1970. */
export function dueAt({ attempts, known, lastAt }: Failing): number {
  return known === undefined ? lastAt : lastAt + retryWaitMs(known.policy, attempts - 1);
}

/** Maximum wait of a key for another attempt in its pool after a hold. */
const MAX_WAIT_RELEASED_MS = 30_000;

/**
 * Whether the next attempt of a key is so far in the future that its lane waits for it instead of the pool: many waiting keys
 * would fill the pool, and while none of them is tried, it is not visible that they still fail.
 */
export function isFarOff(failing: Failing, now: number): boolean {
  return dueAt(failing) > now + MAX_WAIT_RELEASED_MS;
}

/** The initial phase of the key's own lane. */
export function phaseOf(failing: Failing | undefined): LanePhase {
  if (failing === undefined) return { state: 'idle' };
  const { attempts, known = notKept(failing.attempts), since } = failing;
  const { failure, policy } = known;
  const head = { failure, policy, since, attempts, roundFrom: 0, nextAttemptAt: dueAt(failing) };
  return { state: isUsedUp({ ...failing, known }) ? 'blocked' : 'retrying', ...head };
}

/** Used when there are more distinct failures than a pool can carry from run to run. */
function notKept(attempts: number): FailedEvent {
  const message =
    `The failure was not kept: the pool of this key had too many distinct failures. ${attempts} attempts have failed; ` +
    '`keylane retry` makes another attempt and shows its result';
  const policy = { maxAttempts: attempts, initialIntervalMs: 1000, backoff: 2, maxIntervalMs: 60_000 };
  return { failure: { type: 'FailureNotKept', message, nonRetryable: false }, policy };
}
