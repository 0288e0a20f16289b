/**
 * Makes one attempt at an event that has failed before. Temporal counts the attempts and waits between them, so an attempt that fails
 * leaves the activity as an error; its details are its outcome.
 */
import { Context } from '@temporalio/activity';
import type { EventInput } from '../../contracts/execution/activities.ts';
import { startHeartbeat } from '../heartbeat.ts';
import { AttemptLostError, AttemptOwnership } from './attempt-ownership.ts';
import type { HandlerCaller } from './call.ts';
import { callForEvent, countFailure } from './call-event.ts';
import { attemptFailure, canceledAttempt, notCounted } from './failure.ts';
import { heartbeatTimeoutMs, type HandlingDependencies, type HandlingPipeline } from './handling.ts';
import { questionsAreOver } from './open-question.ts';

/**
 * Returns when the event has succeeded.
 * @param attempt at the event in all, from 1
 */
export async function runEvent(
  input: EventInput,
  attempt: number,
  pipeline: HandlingPipeline,
  { client, freezeWatch, log, stopping }: HandlingDependencies,
  caller: HandlerCaller,
): Promise<void> {
  const { metrics } = pipeline;
  const { cancellationSignal, info } = Context.current();
  const { reportFirst } = input;
  if (reportFirst !== undefined && info.attempt === 1) {
    throw attemptFailure(reportFirst.failure, attempt, reportFirst.waitMs);
  }
  const timeoutMs = heartbeatTimeoutMs();
  const ownership = new AttemptOwnership({ client, freezeWatch, timeoutMs, progress: () => null });
  const heartbeat = startHeartbeat(timeoutMs, () => null, freezeWatch);
  try {
    if (!(await questionsAreOver(client, AbortSignal.any([stopping, cancellationSignal])))) {
      throw notCounted('The event was taken away before the handler was called', attempt);
    }
    const call = { pipeline: input.pipeline, key: input.key, event: input.event, attempt };
    const result = await callForEvent({ pipeline, ownership, stopping, caller, log }, call);
    if (result.kind === 'succeeded') {
      metrics?.handled();
      return;
    }
    if (result.kind === 'failed') {
      const max = info.retryPolicy?.maximumAttempts ?? Number.POSITIVE_INFINITY;
      countFailure(metrics, result.failure.nonRetryable || info.attempt >= max);
      throw attemptFailure(result.failure, attempt);
    }
  } catch (error) {
    // The handler was not called. Where Temporal has not given the event to another attempt, this one does not count.
    if (error instanceof AttemptLostError) throw notCounted(error.message, attempt);
    throw error;
  } finally {
    heartbeat.stop();
  }
  if (cancellationSignal.aborted && !stopping.aborted) throw canceledAttempt(attempt);
  throw notCounted('The worker stopped before the handler had finished', attempt);
}
