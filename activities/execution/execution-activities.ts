/**
 * The activities that run handlers: a batch of events one after the other, one failing event with Temporal's retries, and the
 * batch of a pool. Each of them first makes sure that this process has the pipeline, and that the lane still has its key.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { EventBatchInput, HandlingActivities } from '../../contracts/execution/activities.ts';
import { encodeOutcomes } from '../../contracts/execution/outcome-codec.ts';
import type { BatchActivities } from '../../contracts/pool/batch.ts';
import { startHeartbeat } from '../heartbeat.ts';
import { HandlerCaller } from './call.ts';
import { CallSlots } from './call-slots.ts';
import { notCounted, notOwner } from './failure.ts';
import { heartbeatTimeoutMs, type HandlingDependencies, type HandlingPipeline } from './handling.ts';
import { KeyOwner } from './key-owner.ts';
import { runBatch } from './run-batch.ts';
import { runEvent } from './run-event.ts';
import { outcomeSoFar, runEvents } from './run-events.ts';
import { StartedHere } from './started-here.ts';

/** Concurrent handler calls for batches of pools in this process. */
const MAX_CONCURRENT_CALLS = 100;
/** How long work of a pipeline that this process does not have is kept, before another process may get it. */
const NOT_OURS_WAIT_MS = 10_000;
/** The same, when it could not be learned whether a lane still has its key. */
const OWNER_WAIT_MS = 5000;

/** Of this process. */
const startedHere = new StartedHere();

export function createHandlingActivities(dependencies: HandlingDependencies): HandlingActivities & BatchActivities {
  const caller = new HandlerCaller(dependencies.log);
  const slots = new CallSlots(MAX_CONCURRENT_CALLS);
  const keyOwner = new KeyOwner(dependencies.client);
  return {
    async runEvents(input) {
      const pipeline = await findPipeline(input.pipeline, dependencies);
      if (pipeline === undefined) return encodeOutcomes([outcomeSoFar(input)]);
      const owner = await ownerOf(input, keyOwner, dependencies);
      if (owner === 'pool') return encodeOutcomes([outcomeSoFar(input, 'not owner')]);
      if (owner === 'unknown') return encodeOutcomes([outcomeSoFar(input)]);
      const outcome = await runEvents(input, pipeline, dependencies, caller, startedHere);
      return encodeOutcomes([outcome], pipeline.settings.retry);
    },
    async runBatch(input) {
      const pipeline = await findPipeline(input.pipeline, dependencies);
      // A batch has one attempt, so nothing of it was done before.
      if (pipeline === undefined) return encodeOutcomes(input.keys.map(() => ({ kind: 'not started', succeeded: 0 })));
      return await runBatch(input, pipeline, dependencies, { caller, slots, startedHere });
    },
    async runEvent(input) {
      const attempt = input.attemptsBefore + Context.current().info.attempt;
      const pipeline = await findPipeline(input.pipeline, dependencies);
      if (pipeline === undefined)
        throw notCounted('The process that was given this event has no such pipeline', attempt);
      const owner = await ownerOf(input, keyOwner, dependencies);
      if (owner === 'pool') throw notOwner();
      if (owner === 'unknown') throw notCounted('Whether the lane still has its key could not be learned', attempt);
      await runEvent(input, attempt, pipeline, dependencies, caller);
      return encodeOutcomes([{ kind: 'succeeded', succeeded: 1 }]);
    },
    async deleteData(pipeline, names) {
      const { claims } = dependencies.pipeline(pipeline);
      if (claims === undefined) throw new Error(`No store of large events is set for ${pipeline} in this process`);
      for (const name of names) await claims.delete(name, Context.current().cancellationSignal);
    },
  };
}

/** Who runs the key's events. Unknown, after a wait, when Temporal or the pool does not answer: nothing is started then (O1). */
async function ownerOf(
  { key, pool }: Pick<EventBatchInput, 'key' | 'pool'>,
  keyOwner: KeyOwner,
  { log, stopping }: HandlingDependencies,
): Promise<'lane' | 'pool' | 'unknown'> {
  const { workflowExecution } = Context.current().info;
  if (pool === undefined || workflowExecution === undefined) return 'lane';
  const heartbeat = repeatHeartbeat();
  try {
    return (await keyOwner.isLane(workflowExecution, pool, key)) ? 'lane' : 'pool';
  } catch (error) {
    log.warn({ err: error, key }, 'Cannot check whether the lane of a key still owns it; retrying');
    await waitUnlessStopped(OWNER_WAIT_MS, stopping);
    return 'unknown';
  } finally {
    heartbeat.stop();
  }
}

/** Undefined, after a wait, when this process does not have the pipeline: nothing has been tried, so nothing counts. */
async function findPipeline(
  name: string,
  { log, pipeline, stopping }: HandlingDependencies,
): Promise<HandlingPipeline | undefined> {
  try {
    return pipeline(name);
  } catch (error) {
    log.error({ err: error }, 'Received a task for a pipeline that this process does not have; returning it');
    const heartbeat = repeatHeartbeat();
    await waitUnlessStopped(NOT_OURS_WAIT_MS, stopping);
    heartbeat.stop();
    return undefined;
  }
}

/** What earlier attempts have reported must not be lost while this one waits. */
function repeatHeartbeat(): { stop(): void } {
  return startHeartbeat(heartbeatTimeoutMs(), () => Context.current().info.heartbeatDetails);
}

async function waitUnlessStopped(ms: number, stopping: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([stopping, Context.current().cancellationSignal]);
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
