/** What the failure of an activity that runs events says about them. Pure. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import { RetryState } from '@temporalio/common';
import { readFailure, type Failure } from '../../../contracts/event/failure.ts';
import { HEARTBEAT_TIMEOUT, NO_HEARTBEAT } from '../../../contracts/execution/activities.ts';
import type { Outcome } from '../../../contracts/execution/outcome.ts';
import { isMalformed, onlyOutcome, readOutcomes, readProgress } from '../../../contracts/execution/outcome-codec.ts';

/** The answer of a process cannot be used: nothing of it counts, and the events are run again (O4). */
export function unusable(problem: string, attempts: number): Outcome {
  const message = `The answer of the process that ran this event cannot be used: ${problem}`;
  const failure: Failure = { type: 'UnusableOutcome', message, nonRetryable: false };
  return { kind: 'lost', succeeded: 0, failure, attempts };
}

/**
 * A batch of one key that was stopped before it could answer, or whose activity failed for a reason that no retry can fix.
 * @param losses how often its first event was lost with its process before
 */
export function outcomeOfFailedBatch(error: unknown, size: number, losses: number): Outcome {
  if (isCancellation(error)) return { kind: 'stopped', succeeded: 0 };
  if (!(error instanceof ActivityFailure)) throw error;
  const failure = failureOf(error);
  if (!(error.cause instanceof TimeoutFailure)) return { kind: 'failed', succeeded: 0, failure, attempts: 1 };
  // Its process was lost while it was asked to stop. What its last heartbeat says has succeeded, has.
  const [succeeded = 0] = readProgress(error.cause.lastHeartbeatDetails, [size]);
  return { kind: 'lost', succeeded, failure, attempts: 0, losses: succeeded === 0 ? losses + 1 : 1 };
}

/** @param allAttempts as many as the policy allows */
export function outcomeOfFailedEvent(error: unknown, allAttempts: number): Outcome {
  const said = outcomeOfAttempt(error);
  if (isCancellation(error)) return said?.kind === 'stopped' ? said : { kind: 'stopped', succeeded: 0 };
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause, retryState } = error;
  if (said !== undefined && said.kind !== 'failed') return said;
  // An attempt failed just when the activity was asked to stop: Temporal makes no other one, the lane does.
  if (retryState === RetryState.CANCEL_REQUESTED && said?.failure.nonRetryable !== true) {
    return { kind: 'stopped', succeeded: 0, ...(said === undefined ? {} : { attempts: said.attempts }) };
  }
  if (said !== undefined) return said;
  const failure = failureOf(error);
  return cause instanceof TimeoutFailure
    ? { kind: 'lost', succeeded: 0, failure, attempts: allAttempts - 1 }
    : { kind: 'failed', succeeded: 0, failure, attempts: allAttempts };
}

/** What the attempt that ended the activity says about itself; undefined when Temporal ended the activity. */
function outcomeOfAttempt(error: unknown): Outcome | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure || cause instanceof CancelledFailure)) return undefined;
  const read = readOutcomes(cause.details?.[0], [1]);
  if (isMalformed(read)) return undefined;
  const outcome = onlyOutcome(read);
  // An attempt that threw has not succeeded, whatever it says.
  return outcome.kind === 'succeeded' ? undefined : outcome;
}

export function failureOf(error: ActivityFailure): Failure {
  const { cause } = error;
  if (cause instanceof TimeoutFailure) {
    const message = `Temporal had no heartbeat of the process that ran the last attempt at this event. ${NO_HEARTBEAT}`;
    return { type: HEARTBEAT_TIMEOUT, message, nonRetryable: false };
  }
  const type = cause instanceof ApplicationFailure ? (cause.type ?? 'Error') : (cause?.name ?? 'ActivityFailure');
  return readFailure({ type, message: (cause ?? error).message, nonRetryable: true });
}
