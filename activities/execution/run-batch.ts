import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import type { EncodedOutcomes } from '../../contracts/execution/outcome-codec.ts';
import type { BatchInput } from '../../contracts/pool/batch.ts';
import { startHeartbeat } from '../heartbeat.ts';
import { AttemptOwnership } from './attempt-ownership.ts';
import { BatchRun } from './batch.ts';
import type { HandlerCaller } from './call.ts';
import { callForEvent, countAttempt } from './call-event.ts';
import type { CallSlots } from './call-slots.ts';
import { heartbeatTimeoutMs, type HandlingDependencies, type HandlingPipeline } from './handling.ts';
import type { StartedHere } from './started-here.ts';

/** What the batches of a process share. */
export interface SharedByBatches {
  readonly caller: HandlerCaller;
  readonly slots: CallSlots;
  readonly startedHere: StartedHere;
}

/** Runs the batch of a pool as the activity that is current. */
export async function runBatch(
  input: BatchInput,
  pipeline: HandlingPipeline,
  { client, freezeWatch, log, stopping }: HandlingDependencies,
  { caller, slots, startedHere }: SharedByBatches,
): Promise<EncodedOutcomes> {
  const { cancellationSignal } = Context.current();
  // Each call listens to them.
  for (const signal of [stopping, cancellationSignal]) setMaxListeners(0, signal);
  const timeoutMs = heartbeatTimeoutMs();
  const run: BatchRun = new BatchRun(input, {
    client,
    slots,
    startedHere,
    retry: pipeline.settings.retry,
    call: async (call) => await callForEvent({ pipeline, ownership, stopping, caller, log }, call),
    onFailure: (failure, attempt) => countAttempt(pipeline, failure, attempt),
    onSuccess: () => pipeline.metrics?.handled(),
    isStopping: () => stopping.aborted || cancellationSignal.aborted,
  });
  const ownership = new AttemptOwnership({ client, freezeWatch, timeoutMs, progress: () => run.progress() });
  const heartbeat = startHeartbeat(timeoutMs, () => run.progress(), freezeWatch);
  try {
    return await run.run();
  } finally {
    heartbeat.stop();
  }
}
