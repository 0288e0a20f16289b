import { ApplicationFailure } from '@temporalio/workflow';
import { failureText, MAX_FAILURE_CHARS } from '../../contracts/event/failure.ts';
import { NOTHING_TO_DECIDE } from '../../contracts/lane/decision.ts';

/**
 * The failure with which an update is refused. The reason may quote what the caller sent, and a failure's message must be
 * well-formed: Temporal's SDK could not send the workflow's answer otherwise.
 */
export function refusal(verb: string, why: string): ApplicationFailure {
  const message = failureText(`Nothing to ${verb}: ${why}`, MAX_FAILURE_CHARS.message);
  return ApplicationFailure.nonRetryable(message, NOTHING_TO_DECIDE);
}
