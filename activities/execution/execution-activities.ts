/**
 * The activities that run handlers: a batch of events one after the other, or one failing event with Temporal's
 * retries. Invariants: events of a call run strictly in order, one at a time; none is started once the call was asked to
 * stop, the worker is stopping, or somebody else may have the work (O1).
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Handler } from '../../contracts/public/handler.ts';
import type { Failure } from '../../contracts/event/failure.ts';
import type { FreezeWatch } from '../../lib/node/freeze-watch.ts';
import { writeOutcomes } from '../../contracts/pool/batch-outcomes.ts';
import {
  readEventBatchOutcome,
  type EventInput,
  type HandlingActivities,
  type EventBatchInput,
  type EventBatchOutcome,
} from '../../contracts/execution.ts';
import type { BatchActivities, BatchInput, BatchResult } from '../../contracts/pool/batch.ts';
import type { HandlingSettings } from '../../settings/settings.ts';
import type { Claims } from '../../stores/claims.ts';
import { BatchRun } from './batch.ts';
import { logFailedAttempt } from './attempt-log.ts';
import { StartedHere } from './started-here.ts';
import { CallSlots } from './call-slots.ts';
import { HandlerCaller, type Call, type CallResult } from './call.ts';
import { dataFailure, dataOf } from './event-bytes.ts';
import { attemptFailure, canceledAttempt, lostFailure, notCounted, notOwner } from './failure.ts';
import type { HandlingMetrics } from './metrics.ts';
import { startHeartbeat } from '../heartbeat.ts';
import { KeyOwner } from './key-owner.ts';
import { questionsAreOver } from './open-question.ts';
import { AttemptOwnership, AttemptLostError } from './attempt-ownership.ts';

export interface HandlingPipeline {
  readonly handler: Handler;
  readonly settings: HandlingSettings;
  /** Without them an event whose data lies in a store cannot be run. */
  readonly claims?: Claims | undefined;
  /** Without it nothing is counted. */
  readonly metrics?: HandlingMetrics;
}

export interface HandlingDependencies {
  /** @throws if this process has no such pipeline */
  readonly pipeline: (name: string) => HandlingPipeline;
  readonly client: Client;
  readonly freezeWatch: FreezeWatch;
  /** Aborts when the worker begins to stop: running handlers finish, no other is started. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

/** Calls of handlers that the batches of this process make at a time. */
const CALLS_AT_ONCE = 100;
/** How long work of a pipeline that this process does not have is kept, before somebody else may get it. */
const NOT_OURS_WAIT_MS = 10_000;
/** The same, when it could not be learned whether a lane still has its key. */
const OWNER_WAIT_MS = 5000;

/** Of this process. */
const startedHere = new StartedHere();

interface Progress {
  readonly done: number;
}

export function createHandlingActivities(dependencies: HandlingDependencies): HandlingActivities & BatchActivities {
  const caller = new HandlerCaller(dependencies.log);
  const room = new CallSlots(CALLS_AT_ONCE);
  const keyOwner = new KeyOwner(dependencies.client);
  return {
    async runEvents(input) {
      const pipeline = await findPipeline(input.pipeline, dependencies);
      if (pipeline === undefined) return knownSoFar(input);
      const owner = await ownerOf(input, keyOwner, dependencies);
      if (owner === 'lane') return await runEvents(input, pipeline, dependencies, caller);
      return owner === 'pool' ? { ...knownSoFar(input), notOwner: true } : knownSoFar(input);
    },
    async runBatch(input) {
      const pipeline = await findPipeline(input.pipeline, dependencies);
      // A batch has one attempt, so nothing of it was done before.
      const nothing = () => writeOutcomes(input.keys.map(() => ({ done: 0, notStarted: true })));
      return pipeline === undefined ? nothing() : runBatch(input, pipeline, dependencies, caller, room);
    },
    async runEvent(input) {
      const attempt = input.attemptsBefore + Context.current().info.attempt;
      const pipeline = await findPipeline(input.pipeline, dependencies);
      if (pipeline === undefined)
        throw notCounted('The process that was given this event has no such pipeline', attempt);
      const owner = await ownerOf(input, keyOwner, dependencies);
      if (owner === 'pool') throw notOwner(attempt);
      if (owner === 'unknown') throw notCounted('Whether the lane still has its key could not be learned', attempt);
      await runEvent(input, attempt, pipeline, dependencies, caller);
    },
    async deleteData(pipeline, names) {
      const { claims } = dependencies.pipeline(pipeline);
      if (claims === undefined) throw new Error(`No store of large events is set for ${pipeline} in this process`);
      for (const name of names) await claims.delete(name, Context.current().cancellationSignal);
    },
  };
}

/**
 * What earlier attempts of a batch have come to, in other processes. It is not to be forgotten by one that cannot go on with it:
 * what was done would be done again (O7), and an event that kills processes would never be found.
 */
function knownSoFar({ losses = 0 }: EventBatchInput): EventBatchOutcome & { readonly losses: number } {
  const { attempt, heartbeatDetails } = Context.current().info;
  const { done } = readEventBatchOutcome(heartbeatDetails);
  const lost = attempt - 1;
  return { done, lostBefore: lost > 0, losses: done === 0 ? losses + lost : lost };
}

/** Who runs the key's events. Not known, after a wait, when Temporal or the pool does not answer: nothing is started then (O1). */
async function ownerOf(
  { key, pool }: Pick<EventBatchInput, 'key' | 'pool'>,
  keyOwner: KeyOwner,
  { stopping, log }: HandlingDependencies,
): Promise<'lane' | 'pool' | 'unknown'> {
  const { workflowExecution } = Context.current().info;
  if (pool === undefined || workflowExecution === undefined) return 'lane';
  const heartbeat = startHeartbeat(heartbeatTimeoutMs(), () => Context.current().info.heartbeatDetails);
  try {
    return (await keyOwner.isLane(workflowExecution, pool, key)) ? 'lane' : 'pool';
  } catch (error) {
    log.warn({ err: error, key }, 'Cannot check whether the lane of a key still owns it; retrying');
    const signal = AbortSignal.any([stopping, Context.current().cancellationSignal]);
    await delay(OWNER_WAIT_MS, undefined, { signal }).catch(() => undefined);
    return 'unknown';
  } finally {
    heartbeat.stop();
  }
}

/** Undefined, after a wait, when this process does not have the pipeline: nothing has been tried, so nothing counts. */
async function findPipeline(
  name: string,
  { pipeline, stopping, log }: HandlingDependencies,
): Promise<HandlingPipeline | undefined> {
  try {
    return pipeline(name);
  } catch (error) {
    log.error({ err: error }, 'Work of another process came here');
    const { cancellationSignal } = Context.current();
    const heartbeat = startHeartbeat(heartbeatTimeoutMs(), () => Context.current().info.heartbeatDetails);
    const signal = AbortSignal.any([stopping, cancellationSignal]);
    await delay(NOT_OURS_WAIT_MS, undefined, { signal }).catch(() => undefined);
    heartbeat.stop();
    return undefined;
  }
}

async function runEvents(
  input: EventBatchInput,
  pipeline: HandlingPipeline,
  { client, freezeWatch, stopping, log }: HandlingDependencies,
  caller: HandlerCaller,
): Promise<EventBatchOutcome> {
  const { settings, metrics } = pipeline;
  const { info, cancellationSignal } = Context.current();
  const { losses, lostBefore, ...known } = knownSoFar(input);
  let { done } = known;
  const head = input.events[done];
  if (head !== undefined) {
    const lost = lostFailure(losses, startedHere.times(input.pipeline, input.key, head));
    if (lost !== undefined) return { done, lostBefore, failed: failedAttempt(lost, 1, settings, metrics) };
  }
  // After a loss one event at a time: see LaneState.careful.
  const end = lostBefore ? Math.min(done + 1, input.events.length) : input.events.length;
  const progress = (): Progress => ({ done });
  const timeoutMs = heartbeatTimeoutMs();
  const ownership = new AttemptOwnership({ client, freezeWatch, timeoutMs, progress });
  const heartbeat = startHeartbeat(timeoutMs, progress, freezeWatch);
  try {
    while (done < end && !stopping.aborted && !cancellationSignal.aborted) {
      const event = input.events[done];
      if (event === undefined) break;
      startedHere.begin(input.pipeline, input.key, event);
      const call = { pipeline: input.pipeline, key: input.key, event, attempt: info.attempt };
      const result = await callHandler(call, pipeline, ownership, stopping, caller, log);
      if (result.kind === 'interrupted') break;
      if (result.kind === 'failed') {
        return { done, lostBefore, failed: failedAttempt(result.failure, 1, settings, metrics) };
      }
      metrics?.handled();
      done += 1;
    }
    // The losses are those of the event that comes next, as long as that has not been run to its end.
    return done > known.done ? { done, lostBefore } : { done, lostBefore, losses };
  } finally {
    heartbeat.stop();
  }
}

async function runBatch(
  input: BatchInput,
  pipeline: HandlingPipeline,
  { client, freezeWatch, stopping, log }: HandlingDependencies,
  caller: HandlerCaller,
  room: CallSlots,
): Promise<BatchResult> {
  const { settings, metrics } = pipeline;
  const { cancellationSignal } = Context.current();
  // Each call listens to them.
  for (const signal of [stopping, cancellationSignal]) setMaxListeners(0, signal);
  const timeoutMs = heartbeatTimeoutMs();
  const run: BatchRun = new BatchRun(input, {
    client,
    room,
    startedHere,
    call: async (call) => await callHandler(call, pipeline, ownership, stopping, caller, log),
    failed: (failure, attempt) => failedAttempt(failure, attempt, settings, metrics),
    handled: () => metrics?.handled(),
    isStopping: () => stopping.aborted || cancellationSignal.aborted,
  });
  const ownership = new AttemptOwnership({ client, freezeWatch, timeoutMs, progress: () => run.details() });
  const heartbeat = startHeartbeat(timeoutMs, () => run.details(), freezeWatch);
  try {
    return await run.run();
  } finally {
    heartbeat.stop();
  }
}

async function runEvent(
  input: EventInput,
  attempt: number,
  pipeline: HandlingPipeline,
  { client, freezeWatch, stopping, log }: HandlingDependencies,
  caller: HandlerCaller,
): Promise<void> {
  const { metrics } = pipeline;
  const { info, cancellationSignal } = Context.current();
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
    const result = await callHandler(call, pipeline, ownership, stopping, caller, log);
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
  if (cancellationSignal.aborted && !stopping.aborted) {
    throw canceledAttempt(attempt);
  }
  throw notCounted('The worker stopped before the handler had finished', attempt);
}

/** Calls the handler, and logs a failed attempt in one line: what Temporal's SDK would say names no key. */
async function callHandler(
  call: Omit<Call, 'data'>,
  pipeline: HandlingPipeline,
  ownership: AttemptOwnership,
  stopping: AbortSignal,
  caller: HandlerCaller,
  log: Logger,
): Promise<CallResult> {
  const result = await attemptCall(call, pipeline, ownership, stopping, caller);
  if (result.kind === 'failed') logFailedAttempt(log, call, result.failure);
  return result;
}

/** Calls the handler when its data is there, unless the call is asked to stop or may be another process's by now. */
async function attemptCall(
  call: Omit<Call, 'data'>,
  { handler, settings, claims, metrics }: HandlingPipeline,
  ownership: AttemptOwnership,
  stopping: AbortSignal,
  caller: HandlerCaller,
): Promise<CallResult> {
  const { cancellationSignal } = Context.current();
  const isStopped = () => stopping.aborted || cancellationSignal.aborted;
  if (isStopped()) return { kind: 'interrupted' };
  let data: Uint8Array;
  try {
    data = await dataOf(call.event, claims, () => AbortSignal.any([stopping, cancellationSignal]));
  } catch (error) {
    return isStopped() ? { kind: 'interrupted' } : { kind: 'failed', failure: dataFailure(error) };
  }
  // Last of all: to get the data may have taken long (O1).
  if (stopping.aborted || !(await ownership.confirm())) return { kind: 'interrupted' };
  const onUnhandledRejection = () => metrics?.rejectionUnhandled();
  return await caller.call(handler, settings, { ...call, data, onUnhandledRejection }, cancellationSignal);
}

/** @param attempt of the event, from 1 */
function failedAttempt(
  failure: Failure,
  attempt: number,
  { retry }: HandlingSettings,
  metrics: HandlingMetrics | undefined,
): NonNullable<EventBatchOutcome['failed']> {
  countFailure(metrics, failure.nonRetryable || retry.maxAttempts <= attempt);
  return { failure, policy: retry };
}

/** @param isLast the lane makes no other attempt by itself: see `eventFailed` in workflows/lane/core/machine.ts */
function countFailure(metrics: HandlingMetrics | undefined, isLast: boolean): void {
  metrics?.attemptFailed();
  if (isLast) metrics?.blocked();
}

function heartbeatTimeoutMs(): number {
  return Context.current().info.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY;
}
