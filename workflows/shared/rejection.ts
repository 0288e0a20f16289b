import { ApplicationFailure } from '@temporalio/workflow';
import { failureText, MAX_FAILURE_CHARS } from '../../contracts/event/failure.ts';
import { REJECTED, type Rejection } from '../../contracts/rejection.ts';

/**
 * The failure with which an update is rejected. The reason may quote what the caller sent, and a failure's message must be
 * well-formed: Temporal's SDK could not send the workflow's answer otherwise.
 */
export function rejectionFailure(verb: string, rejected: Rejection): ApplicationFailure {
  const why = failureText(rejected.why, MAX_FAILURE_CHARS.message);
  const message = failureText(`Cannot ${verb}: ${why}`, MAX_FAILURE_CHARS.message);
  return ApplicationFailure.nonRetryable(message, REJECTED, { ...rejected, why });
}
