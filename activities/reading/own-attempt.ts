import type { Info } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { LeaseLostError, type FindAttempt } from '../../bridge/lease/lease.ts';

const DEADLINE_MS = 5000;

/**
 * Looks up the running attempt of this activity on the workflow that scheduled it: the SDK only gives the time at which
 * the activity was scheduled, which may be long ago.
 */
export function findOwnAttempt(client: Client, info: Info): FindAttempt {
  const { activityId, attempt, workflowExecution } = info;
  if (workflowExecution === undefined) {
    throw new LeaseLostError(`Activity ${activityId} was not started by a workflow: a reader belongs to its pipeline.`);
  }
  const { workflowId, runId } = workflowExecution;
  return async (signal) => {
    try {
      const { raw } = await client.withAbortSignal(signal, () =>
        client.withDeadline(Date.now() + DEADLINE_MS, () => client.workflow.getHandle(workflowId, runId).describe()),
      );
      const pending = raw.pendingActivities?.find((each) => each.activityId === activityId);
      if (pending?.attempt !== attempt || pending.lastStartedTime == null) return undefined;
      return tsToMs(pending.lastStartedTime);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  };
}
