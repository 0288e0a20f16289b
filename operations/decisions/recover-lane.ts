/**
 * Starts the next run of a lane that was terminated, failed or timed out, as the key's next event would: it recovers
 * all that the lane held (O5). The key need not wait for that event.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { latestRun } from '../../temporal/latest-run.ts';
import { startOfRun } from '../../temporal/run-argument.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { parseLaneInput } from '../../contracts/lane/parse.ts';
import { LANE_DETAILS, staticAttributes, summaryOf } from '../../contracts/lane/start.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import type { LaneMemo } from '../../contracts/lane/view.ts';
import { SIGNALS, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { ATTRIBUTES } from '../../contracts/search-attributes.ts';
import type { LookSignal } from '../../contracts/pool/messages.ts';
import type { EndedRun } from '../../contracts/run.ts';
import type { NamedKey } from '../lanes/named-key.ts';

/** A pool checks at once, but it needs a worker. */
const POOL_TIMEOUT_MS = 15_000;
const ASK_EVERY_MS = 250;

/** @returns whether the lane runs now; false when it had not ended like that, or nothing is known of it */
export async function recoverLane(client: Client, { key, pipeline }: NamedKey): Promise<boolean> {
  const workflowId = laneWorkflowId(pipeline, key);
  const seenAt = Date.now();
  const latest = await latestRun(client, workflowId);
  if (latest.state === 'open') return true;
  if (latest.state !== 'ended') return false;
  const { input, taskQueue } = await startOf(client, workflowId, latest.run);
  if (input.pool !== undefined) return await recoverByPool(client, input.pool, key, workflowId);
  const { carried: _carried, ...rest } = input;
  const next: LaneInput = { ...rest, predecessor: latest.run, after: { runId: latest.run.runId, seenAt } };
  const memo: LaneMemo = { key };
  try {
    await client.workflow.start(WORKFLOW_TYPES.lane, {
      workflowId,
      taskQueue,
      args: [next],
      // Never after a run that has completed: what that one recovered has been handled.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      typedSearchAttributes: [...staticAttributes(pipeline, key), { key: ATTRIBUTES.status, value: 'healthy' }],
      memo: { ...memo },
      staticSummary: summaryOf(key),
      staticDetails: LANE_DETAILS,
    });
  } catch (error) {
    // The key's next event has come just now.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return true;
}

async function startOf(client: Client, workflowId: string, { runId }: EndedRun) {
  const { argument: input, taskQueue } = await startOfRun(client, { workflowId, runId }, parseLaneInput);
  if (input === undefined || !taskQueue) throw new Error(`The start of lane ${workflowId} cannot be read.`);
  return { input, taskQueue };
}

/** Only its pool starts a lane of a pooled key: it knows which request to the lane is in flight (O1). */
async function recoverByPool(client: Client, pool: string, key: string, workflowId: string): Promise<boolean> {
  const look: LookSignal = { key };
  try {
    await client.workflow.getHandle(pool).signal<[LookSignal]>(SIGNALS.look, look);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
  for (const until = Date.now() + POOL_TIMEOUT_MS; Date.now() < until; await delay(ASK_EVERY_MS)) {
    if ((await latestRun(client, workflowId)).state === 'open') return true;
  }
  return false;
}
