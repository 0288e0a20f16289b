import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import type { QuestionActivities, ShardCheckpoint } from '../../contracts/questions.ts';
import { QUARANTINE_MARK } from '../../contracts/quarantine/record.ts';
import { readQuarantineCheckpoint } from './quarantine-checkpoint.ts';
import { readSlice } from '../../temporal/segment-events.ts';
import { checkpointsOf } from '../../bridge/lineage/lineage.ts';
import { latestRun } from '../../temporal/latest-run.ts';
import { pipelineWorkflowId, QUERIES } from '../../contracts/names.ts';
import { parsePipelineView } from '../../contracts/pipeline/parse.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;

/** States of a pending activity in which one of its attempts runs. */
const RUNNING: ReadonlySet<unknown> = new Set([
  PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
  PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
  PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
]);

/** Many lanes become idle together, and a checkpoint that is a few seconds old only keeps them open a little longer. */
const CHECKPOINTS_CACHED_MS = 5000;

type Checkpoints = Record<string, ShardCheckpoint>;

/** Answer the questions of lanes, pools and quarantines. */
export function createQuestionActivities(client: Client): QuestionActivities {
  const cached = new Map<string, { readonly until: number; readonly answer: Promise<Checkpoints> }>();
  const allCheckpoints = (pipeline: string): Promise<Checkpoints> => {
    const known = cached.get(pipeline);
    if (known !== undefined && known.until > Date.now()) return known.answer;
    const answer = readCheckpoints(client, pipeline);
    cached.set(pipeline, { until: Date.now() + CHECKPOINTS_CACHED_MS, answer });
    answer.catch(() => cached.delete(pipeline));
    return answer;
  };
  return {
    async checkpoints(pipeline, shardIds) {
      const isRedriven = shardIds.includes(QUARANTINE_MARK);
      const [known, quarantine] = await Promise.all([
        allCheckpoints(pipeline),
        isRedriven ? readQuarantineCheckpoint(client, pipeline) : undefined,
      ]);
      const all = quarantine === undefined ? known : { ...known, [QUARANTINE_MARK]: quarantine };
      return Object.fromEntries(
        shardIds.flatMap((shardId) => {
          const checkpoint = all[shardId];
          return checkpoint === undefined ? [] : [[shardId, checkpoint] as const];
        }),
      );
    },

    slice: async (slice) => await readSlice(client, slice),
    latestRun: async (workflowId) => await latestRun(client, workflowId),

    async pendingEvent({ workflowId, runId }) {
      const description = await client.workflow.getHandle(workflowId, runId).describe();
      const activities = description.raw.pendingActivities ?? [];
      const pending = activities.find((activity) => activity.activityType?.name === 'runEvent');
      if (pending === undefined) return null;
      const { attempt, state, nextAttemptScheduleTime } = pending;
      const nextAttemptAt = optionalTsToMs(nextAttemptScheduleTime);
      const isWaiting = state === PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED && nextAttemptAt !== undefined;
      const isRunning = RUNNING.has(state);
      return { attempt: attempt ?? 1, ...(isWaiting ? { nextAttemptAt } : {}), ...(isRunning ? { isRunning } : {}) };
    },
  };
}

/**
 * Reads the checkpoints from the pipeline's own state, which survives a termination of its run. Those in heartbeats are
 * newer but may be lost with the run, and a lane that relied on them could be sent the same records again (O6).
 */
async function readCheckpoints(client: Client, pipeline: string): Promise<Checkpoints> {
  const handle = client.workflow.getHandle(pipelineWorkflowId(pipeline));
  const [description, answer] = await Promise.all([handle.describe(), handle.query(QUERIES.pipeline)]);
  // A pipeline that has ended may be started over, and then open lanes are the only trace of the earlier one.
  if (description.status.name !== 'RUNNING') throw new Error(`Pipeline ${pipeline} is not running`);
  const { state } = parsePipelineView(answer);
  if (!state.discovered) throw new Error(`Pipeline ${pipeline} has not listed its shards yet`);
  return checkpointsOf(state);
}
