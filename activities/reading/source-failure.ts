import { ApplicationFailure } from '@temporalio/common';
import { truncate } from '../../lib/pure/text.ts';
import { SourceConfigurationError } from '../../sources/errors.ts';

/**
 * Temporal keeps 4 KiB of the last failure of a pending activity, and nothing of a larger one; the causes and their
 * stacks would be too much.
 */
export const MAX_FAILURE_CHARS = 2000;

/**
 * The failure with which an activity ends because of the error. A wrong configuration is retryable: it may be fixed
 * meanwhile, and Temporal's UI shows the message until then.
 */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof SourceConfigurationError)) return error;
  const failure = ApplicationFailure.create({
    type: error.name,
    message: truncate(error.message, MAX_FAILURE_CHARS),
    nonRetryable: false,
  });
  failure.stack = '';
  return failure;
}
