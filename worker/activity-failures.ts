/**
 * Makes a well-formed failure of bounded length of whatever leaves an activity, before Temporal's SDK encodes it. One lone
 * surrogate in a message, or a getter that throws, would fail the whole worker and not only the activity.
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
        throw leaving(error);
      }
    },
  },
});

/** The error with which the activity ends. What the SDK tells apart by its class keeps that. */
function leaving(error: unknown): unknown {
  try {
    if (error instanceof ApplicationFailure) return rebuilt(error);
    if (error instanceof CancelledFailure || error instanceof CompleteAsyncError || isAbortError(error)) return error;
  } catch {
    // It does not let itself be asked, so it is none of these.
  }
  const { message, stack, type } = failureOf(error, 'The activity');
  // Temporal tries the activity again, as it does for every error that is not a failure of its own.
  return withStack(ApplicationFailure.create({ type, message }), stack);
}

function rebuilt(failure: ApplicationFailure): ApplicationFailure {
  const { category, nextRetryDelay } = failure;
  // Its causes are in the message: what a cause holds is not known.
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

/** Without those that cannot be JSON. */
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
