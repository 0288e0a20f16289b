import { ApplicationFailure } from '@temporalio/common';
import { NON_RETRYABLE_ERROR_NAMES } from '../../contracts/errors.ts';
import type { AttemptDetails } from '../../contracts/handling.ts';
import type { Failure } from '../../contracts/failure.ts';

const MESSAGE_CHARS = 2000;
const STACK_CHARS = 1500;

/** What a handler threw, in the form that a lane keeps. Anything can be thrown. */
export function failureOf(thrown: unknown): Failure {
  if (!(thrown instanceof Error) && !isErrorLike(thrown)) {
    return { type: 'Error', message: describe(thrown), nonRetryable: false };
  }
  const type = thrown instanceof ApplicationFailure ? (thrown.type ?? 'ApplicationFailure') : thrown.name || 'Error';
  return {
    type,
    message: withCause(thrown).slice(0, MESSAGE_CHARS),
    ...(typeof thrown.stack === 'string' ? { stack: thrown.stack.slice(0, STACK_CHARS) } : {}),
    nonRetryable: isNonRetryable(thrown),
  };
}

/**
 * The failure with which an attempt leaves its activity. Temporal applies the retry policy unless it is final.
 * @param nextRetryDelayMs the wait before the next attempt, where it is not to be the policy's
 */
export function attemptFailure(failure: Failure, attempt: number, nextRetryDelayMs?: number): ApplicationFailure {
  const details: AttemptDetails = { attempt, failure };
  const { type, message, nonRetryable } = failure;
  const wait = nextRetryDelayMs === undefined ? {} : { nextRetryDelay: nextRetryDelayMs };
  const thrown = ApplicationFailure.create({ type, message, nonRetryable, details: [details], ...wait });
  if (failure.stack !== undefined) thrown.stack = failure.stack;
  return thrown;
}

/** By name as well: an error may come from a copy of a package that the handler brought along. */
function isNonRetryable(error: Error): boolean {
  if (error instanceof ApplicationFailure) return error.nonRetryable === true;
  if (error.name === 'ApplicationFailure') return (error as { nonRetryable?: unknown }).nonRetryable === true;
  return NON_RETRYABLE_ERROR_NAMES.includes(error.name);
}

function isErrorLike(thrown: unknown): thrown is Error {
  return typeof thrown === 'object' && thrown !== null && typeof (thrown as { message?: unknown }).message === 'string';
}

function withCause(error: Error): string {
  const { cause } = error;
  if (!(cause instanceof Error) || error.message.includes(cause.message)) return error.message;
  return `${error.message} (${cause.name}: ${cause.message})`;
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown.slice(0, MESSAGE_CHARS);
  try {
    return `The handler threw ${JSON.stringify(thrown)}`.slice(0, MESSAGE_CHARS);
  } catch {
    return `The handler threw a ${typeof thrown}`;
  }
}

/** Attempts that may be lost with their process before the event that comes next is taken for the cause. */
export const LOST_ATTEMPTS = 3;

export function processLost(times: number): Failure {
  const message = `The process that ran this event died or could not be reached any more, ${times} times in a row`;
  return { type: 'ProcessLost', message, nonRetryable: false };
}
