/**
 * One call of the handler for one event, as all activities that run events make it: with the event's data, and only while the
 * attempt is still ours (O1).
 */
import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { Failure } from '../../contracts/event/failure.ts';
import { logFailedAttempt } from './attempt-log.ts';
import type { AttemptOwnership } from './attempt-ownership.ts';
import type { Call, CallResult, HandlerCaller } from './call.ts';
import { dataFailure, dataOf } from './event-bytes.ts';
import type { HandlingPipeline } from './handling.ts';
import type { HandlingMetrics } from './metrics.ts';

export interface EventCaller {
  readonly pipeline: HandlingPipeline;
  readonly ownership: AttemptOwnership;
  readonly stopping: AbortSignal;
  readonly caller: HandlerCaller;
  readonly log: Logger;
}

/** Calls the handler, and logs a failed attempt in one line: what Temporal's SDK would log names no key. */
export async function callForEvent(by: EventCaller, call: Omit<Call, 'data'>): Promise<CallResult> {
  const result = await attemptCall(by, call);
  if (result.kind === 'failed') logFailedAttempt(by.log, call, result.failure);
  return result;
}

/** Calls the handler when its data is there, unless the call is asked to stop or another process may have the event by now. */
async function attemptCall(
  { caller, ownership, pipeline, stopping }: EventCaller,
  call: Omit<Call, 'data'>,
): Promise<CallResult> {
  const { handler, settings, claims, metrics } = pipeline;
  const { cancellationSignal } = Context.current();
  const isStopped = () => stopping.aborted || cancellationSignal.aborted;
  if (isStopped()) return { kind: 'interrupted' };
  let data: Uint8Array;
  try {
    data = await dataOf(call.event, claims, () => AbortSignal.any([stopping, cancellationSignal]));
  } catch (error) {
    return isStopped() ? { kind: 'interrupted' } : { kind: 'failed', failure: dataFailure(error) };
  }
  // Last of all: reading the data may have taken long (O1).
  if (stopping.aborted || !(await ownership.confirm())) return { kind: 'interrupted' };
  const onUnhandledRejection = () => metrics?.rejectionUnhandled();
  return await caller.call(handler, settings, { ...call, data, onUnhandledRejection }, cancellationSignal);
}

/** @param isLast the lane makes no other attempt by itself: see `eventFailed` in workflows/lane/core/machine.ts */
export function countFailure(metrics: HandlingMetrics | undefined, isLast: boolean): void {
  metrics?.attemptFailed();
  if (isLast) metrics?.blocked();
}

/** Counts a failed attempt of a first pass or a pool's batch. @param attempt at the event, from 1 */
export function countAttempt({ metrics, settings }: HandlingPipeline, failure: Failure, attempt: number): void {
  countFailure(metrics, failure.nonRetryable || settings.retry.maxAttempts <= attempt);
}
