import type { Client } from '@temporalio/client';
import type { AskingActivities, ShardCheckpoint } from '../../contracts/handling.ts';
import { pipelineWorkflowId, QUERIES } from '../../contracts/names.ts';
import type { PipelineView } from '../../contracts/pipeline.ts';

/** Many lanes become idle together, and a checkpoint that is some seconds old only keeps them a little longer. */
const CHECKPOINTS_KEPT_MS = 5000;

type Checkpoints = Record<string, ShardCheckpoint>;

/** The short questions of lanes, answered by local activities. */
export function createAskingActivities(client: Client): AskingActivities {
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<Checkpoints> }>();
  return {
    checkpoints(pipeline) {
      const known = kept.get(pipeline);
      if (known !== undefined && known.until > Date.now()) return known.answer;
      const answer = readCheckpoints(client, pipeline);
      kept.set(pipeline, { until: Date.now() + CHECKPOINTS_KEPT_MS, answer });
      answer.catch(() => kept.delete(pipeline));
      return answer;
    },

    async attemptsOfPendingEvent({ workflowId, runId }) {
      const description = await client.workflow.getHandle(workflowId, runId).describe();
      const pending = description.raw.pendingActivities ?? [];
      return pending.find((activity) => activity.activityType?.name === 'runEvent')?.attempt ?? 0;
    },
  };
}

/**
 * The checkpoints in the pipeline's own state, which outlives a termination of its run. Those in heartbeats are newer
 * but may be lost with the run, and a lane that relied on them could be sent the same records again (O6).
 */
async function readCheckpoints(client: Client, pipeline: string): Promise<Checkpoints> {
  const view = await client.workflow.getHandle(pipelineWorkflowId(pipeline)).query<PipelineView>(QUERIES.pipeline);
  return Object.fromEntries(
    Object.values(view.state.shards).map(({ shardId, finished, checkpoint }) => {
      if (finished) return [shardId, { ended: true }];
      return [shardId, checkpoint === undefined ? { ended: false } : { ended: false, position: checkpoint }];
    }),
  );
}
