import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { LaneMemo } from '../contracts/lane/view.ts';
import type { EndedRun } from '../contracts/run.ts';
import type { LatestRun } from '../contracts/recovery.ts';

/**
 * The latest run of a lane, if somebody ended it from outside: the next one has to take over from it (O5). Undefined when
 * it ended because it was idle, or runs, or Temporal has forgotten it.
 */
export async function endedRun(client: Client, workflowId: string): Promise<EndedRun | undefined> {
  const latest = await latestRun(client, workflowId);
  return latest.state === 'ended' ? latest.run : undefined;
}

/** @param run another one than the latest */
export async function latestRun(client: Client, workflowId: string, run?: string): Promise<LatestRun> {
  try {
    const { closeTime, memo, runId, startTime, status } = await client.workflow.getHandle(workflowId, run).describe();
    const startId = (memo as LaneMemo | undefined)?.startId;
    const told = startId === undefined ? {} : { startId };
    if (status.name === 'RUNNING' || status.name === 'PAUSED') return { state: 'open', ...told };
    if (status.name === 'COMPLETED') return { state: 'completed', runId, ...told };
    return { state: 'ended', run: { runId, how: status.name, at: (closeTime ?? startTime).getTime() }, ...told };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'unknown' };
    throw error;
  }
}
