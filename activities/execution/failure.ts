import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { HEARTBEAT_TIMEOUT, NO_HEARTBEAT, NOT_COUNTED } from '../../contracts/execution/activities.ts';
import type { Outcome } from '../../contracts/execution/outcome.ts';
import { encodeOutcomes, type EncodedOutcomes } from '../../contracts/execution/outcome-codec.ts';
import type { Failure } from '../../contracts/event/failure.ts';
import { DATA_GONE, LARGE_EVENT } from '../../contracts/event/large-events.ts';
import { failureOf } from '../../contracts/event/thrown.ts';

/** Types of Keylane's own failures. Operators handle them differently, so a handler's error is not shown as one. */
const OWN_TYPES: ReadonlySet<string> = new Set([
  'HandlerTimeout',
  'HandlerDoesNotStop',
  HEARTBEAT_TIMEOUT,
  'EventsLost',
  NOT_COUNTED,
  LARGE_EVENT,
  DATA_GONE,
]);

/** What a handler threw, in the form that a lane keeps. */
export function handlerFailure(thrown: unknown): Failure {
  const failure = failureOf(thrown);
  return OWN_TYPES.has(failure.type) ? { ...failure, type: `Handler.${failure.type}` } : failure;
}

/**
 * The failure with which an attempt leaves its activity. Temporal applies the retry policy unless it is final.
 * @param attempt at the event in all, from 1
 * @param nextRetryDelayMs the wait before the next attempt, where it differs from the policy's
 */
export function attemptFailure(failure: Failure, attempt: number, nextRetryDelayMs?: number): ApplicationFailure {
  const details = detailsOf({ kind: 'failed', succeeded: 0, failure, attempts: attempt });
  const { type, message, nonRetryable } = failure;
  const wait = nextRetryDelayMs === undefined ? {} : { nextRetryDelay: nextRetryDelayMs };
  const thrown = ApplicationFailure.create({ type, message, nonRetryable, details, ...wait });
  if (failure.stack !== undefined) thrown.stack = failure.stack;
  return thrown;
}

/** Ends the activity of an event whose attempt says nothing about the event; the lane starts another one at once. */
export function notCounted(message: string, attempt: number): ApplicationFailure {
  const details = detailsOf({ kind: 'stopped', succeeded: 0, attempts: attempt - 1 });
  return ApplicationFailure.create({ type: NOT_COUNTED, message, nonRetryable: true, details });
}

/** Ends the activity of an event that its lane has stopped while this attempt ran. What that did is not known, so it is made again. */
export function canceledAttempt(attempt: number): CancelledFailure {
  const details = detailsOf({ kind: 'stopped', succeeded: 0, attempts: attempt - 1 });
  return new CancelledFailure('The event was taken away by a verb or a continue-as-new', details);
}

/** Ends the activity of an event whose lane has returned its key to its pool. */
export function notOwner(): ApplicationFailure {
  const message = 'The lane has returned its key to its pool, which runs its events: this run was reset, and ends';
  const details = detailsOf({ kind: 'not owner', succeeded: 0 });
  return ApplicationFailure.create({ type: NOT_COUNTED, message, nonRetryable: true, details });
}

/** The outcome of the attempt, which the lane reads. */
function detailsOf(outcome: Outcome): [EncodedOutcomes] {
  return [encodeOutcomes([outcome])];
}

/** Attempts in a row that may be lost with their process before the event that comes next is taken for the cause. */
const MAX_LOST = 3;
/** The same of attempts that were lost although their process ran on: more often the machine is the cause, or the server. */
const MAX_LOST_ALIVE = 10;

/**
 * The failure of an event whose attempts were lost to Temporal so often in a row that the event is taken for the cause;
 * undefined as long as it is not.
 * @param startedHere how often this process, which is alive, had started it
 */
export function lostFailure(losses: number, startedHere: number): Failure | undefined {
  const alive = Math.min(losses, startedHere);
  if (losses - alive < MAX_LOST && losses < MAX_LOST_ALIVE) return undefined;
  const why =
    alive < losses
      ? NO_HEARTBEAT
      : 'The process ran on: it or the Temporal server is overloaded, or the handler holds up the event loop';
  const message = `Temporal had no heartbeat of the process that ran this event, ${losses} times in a row. ${why}`;
  return { type: HEARTBEAT_TIMEOUT, message, nonRetryable: false };
}
