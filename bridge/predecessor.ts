import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { EndedRun } from '../contracts/remains.ts';

/**
 * The latest run of a lane, if somebody ended it from outside: the next one has to take over from it (O5). Undefined when
 * it ended because it was idle, or runs, or Temporal has forgotten it.
 */
export async function endedRun(client: Client, workflowId: string): Promise<EndedRun | undefined> {
  try {
    const { closeTime, runId, startTime, status } = await client.workflow.getHandle(workflowId).describe();
    const isOver = status.name !== 'RUNNING' && status.name !== 'PAUSED';
    if (!isOver || status.name === 'COMPLETED') return undefined;
    return { runId, how: status.name, at: (closeTime ?? startTime).getTime() };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
