/**
 * The activities that run handlers: a stretch of events one after the other, or one failing event with Temporal's
 * retries. Invariants: events of a call run strictly in order, one at a time (O1); none is started once the call was
 * asked to stop, the worker is stopping, or this process stood still for longer than the heartbeat timeout and somebody
 * else may have its work.
 */
import { CancelledFailure, Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { Handler } from '../../contracts/config.ts';
import type { Failure } from '../../contracts/failure.ts';
import { FrozenError, type FreezeGuard, type FreezeWatch } from '../../contracts/freeze-watch.ts';
import { WORKER_STOPPING } from '../../contracts/handling.ts';
import type { EventInput, HandlingActivities, StretchInput, StretchOutcome } from '../../contracts/handling.ts';
import type { HandlingSettings } from '../../contracts/settings.ts';
import { HandlerCaller, type Call, type CallResult } from './call.ts';
import { attemptFailure } from './failure.ts';
import { startHeartbeat } from './heartbeat.ts';

export interface HandlingPipeline {
  readonly handler: Handler;
  readonly settings: HandlingSettings;
}

export interface HandlingDependencies {
  /** @throws if this process has no such pipeline */
  readonly pipeline: (name: string) => HandlingPipeline;
  readonly freezeWatch: FreezeWatch;
  /** Aborts when the worker begins to stop: running handlers finish, no other is started. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

/** Attempts of a stretch that may be lost with their process before its next event is taken for the cause. */
const LOST_ATTEMPTS = 3;

interface Progress {
  readonly done: number;
}

export function createHandlingActivities(dependencies: HandlingDependencies): HandlingActivities {
  const caller = new HandlerCaller(dependencies.log);
  return {
    runStretch: (input) => watched(dependencies, (guard) => runStretch(input, dependencies, caller, guard)),
    runEvent: (input) => watched(dependencies, (guard) => runEvent(input, dependencies, caller, guard)),
  };
}

/**
 * Runs an activity under a guard against freezes. One that was handed to this process before a freeze and begins after
 * it counts as frozen too.
 */
async function watched<Result>(
  { freezeWatch }: HandlingDependencies,
  run: (guard: FreezeGuard) => Promise<Result>,
): Promise<Result> {
  const limitMs = heartbeatTimeoutMs();
  if (freezeWatch.frozenWithin(limitMs, limitMs)) throw new FrozenError(limitMs, limitMs);
  const guard = freezeWatch.guard(limitMs);
  try {
    return await run(guard);
  } finally {
    guard.close();
  }
}

async function runStretch(
  input: StretchInput,
  { pipeline, stopping }: HandlingDependencies,
  caller: HandlerCaller,
  guard: FreezeGuard,
): Promise<StretchOutcome> {
  const { info, cancellationSignal } = Context.current();
  const { handler, settings } = pipeline(input.pipeline);
  const lostBefore = info.attempt > 1;
  let { done } = (info.heartbeatDetails as Progress | undefined) ?? { done: 0 };
  if (info.attempt > LOST_ATTEMPTS && done < input.events.length) {
    return { done, lostBefore, failed: { failure: processLost(info.attempt - 1), policy: settings.retry } };
  }
  // After a loss one event at a time: see LaneState.careful.
  const end = lostBefore ? Math.min(done + 1, input.events.length) : input.events.length;
  const heartbeat = startHeartbeat(heartbeatTimeoutMs(), (): Progress => ({ done }));
  try {
    while (done < end && !stopping.aborted && !cancellationSignal.aborted) {
      guard.check();
      const event = input.events[done];
      if (event === undefined) break;
      const call: Call = { pipeline: input.pipeline, key: input.key, event, attempt: info.attempt };
      const result = await caller.call(handler, settings, call, cancellationSignal);
      if (result.kind === 'interrupted') break;
      if (result.kind === 'failed') {
        return { done, lostBefore, failed: { failure: result.failure, policy: settings.retry } };
      }
      done += 1;
    }
    return { done, lostBefore };
  } finally {
    heartbeat.stop();
  }
}

async function runEvent(
  input: EventInput,
  { pipeline, stopping }: HandlingDependencies,
  caller: HandlerCaller,
  guard: FreezeGuard,
): Promise<void> {
  const { info, cancellationSignal } = Context.current();
  const attempt = input.attemptsBefore + info.attempt;
  if (input.reportFirst !== undefined && info.attempt === 1) throw attemptFailure(input.reportFirst, attempt);
  const { handler, settings } = pipeline(input.pipeline);
  const heartbeat = startHeartbeat(heartbeatTimeoutMs(), () => undefined);
  let result: CallResult;
  try {
    guard.check();
    const call: Call = { pipeline: input.pipeline, key: input.key, event: input.event, attempt };
    result = stopping.aborted
      ? { kind: 'interrupted' }
      : await caller.call(handler, settings, call, cancellationSignal);
  } finally {
    heartbeat.stop();
  }
  if (result.kind === 'failed') throw attemptFailure(result.failure, attempt);
  if (result.kind === 'interrupted') throw interruption(stopping, attempt);
}

/** An attempt that a stopping worker cut short does not count; the lane starts another one at once. */
function interruption(stopping: AbortSignal, attempt: number): Error {
  if (!stopping.aborted) return new CancelledFailure('The event was taken away by a verb or a continue-as-new');
  const message = 'The worker stopped before the handler had finished';
  return attemptFailure({ type: WORKER_STOPPING, message, nonRetryable: true }, attempt);
}

function processLost(times: number): Failure {
  const message = `The process that ran this event died or could not be reached any more, ${times} times in a row`;
  return { type: 'ProcessLost', message, nonRetryable: false };
}

function heartbeatTimeoutMs(): number {
  return Context.current().info.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY;
}
