/**
 * Converts every error of an activity to a well-formed failure of bounded length, before Temporal's SDK encodes it. A
 * lone surrogate in a message, or a getter that throws, would fail the whole worker and not only the activity.
 */
import { CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { isAbortError } from '@temporalio/common/lib/type-helpers.js';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { failureText, MAX_FAILURE_CHARS } from '../contracts/event/failure.ts';
import { failureOf } from '../contracts/event/thrown.ts';

export const activityFailures: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        throw failureToThrow(error);
      }
    },
  },
});

/** The error with which the activity ends. Errors that the SDK recognizes by their class keep it. */
function failureToThrow(error: unknown): unknown {
  try {
    if (error instanceof ApplicationFailure) return rebuilt(error);
    if (error instanceof CancelledFailure || error instanceof CompleteAsyncError || isAbortError(error)) return error;
  } catch {
    // An object whose fields throw is none of these.
  }
  const { message, stack, type } = failureOf(error, 'The activity');
  // Retryable, as for every error that is not one of Temporal's failures.
  return withStack(ApplicationFailure.create({ type, message }), stack);
}

function rebuilt(failure: ApplicationFailure): ApplicationFailure {
  const { category, nextRetryDelay } = failure;
  // The causes are in the message: their content is not safe to encode.
  const { message, nonRetryable, stack, type } = failureOf(failure, 'The activity');
  return withStack(
    ApplicationFailure.create({
      type,
      message,
      nonRetryable,
      ...plainDetails(failure),
      ...(typeof nextRetryDelay === 'number' ? { nextRetryDelay } : {}),
      ...(category === ApplicationFailureCategory.BENIGN ? { category } : {}),
    }),
    stack,
  );
}

/** The details, or none when they cannot be JSON. */
function plainDetails({ details }: ApplicationFailure): { readonly details?: unknown[] } {
  try {
    return Array.isArray(details) ? { details: JSON.parse(JSON.stringify(details)) as unknown[] } : {};
  } catch {
    return {};
  }
}

function withStack(failure: ApplicationFailure, stack: string | undefined): ApplicationFailure {
  failure.stack = failureText(stack ?? '', MAX_FAILURE_CHARS.stack);
  return failure;
}
