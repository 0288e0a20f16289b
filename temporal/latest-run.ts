import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { parseStartId } from '../contracts/lane/parse.ts';
import type { EndedRun, LatestRun } from '../contracts/run.ts';

/**
 * The latest run of a workflow, if it was terminated externally: the next run has to recover what it held (O5). Undefined
 * when it completed, is open, or Temporal has deleted it.
 */
export async function endedRun(client: Client, workflowId: string): Promise<EndedRun | undefined> {
  const latest = await latestRun(client, workflowId);
  return latest.state === 'ended' ? latest.run : undefined;
}

/** @param run describe this run instead of the latest one */
export async function latestRun(client: Client, workflowId: string, run?: string): Promise<LatestRun> {
  try {
    const { closeTime, memo, runId, startTime, status } = await client.workflow.getHandle(workflowId, run).describe();
    const startId = parseStartId(memo);
    const started = startId === undefined ? {} : { startId };
    if (status.name === 'RUNNING' || status.name === 'PAUSED') return { state: 'open', ...started };
    if (status.name === 'COMPLETED') return { state: 'completed', runId, ...started };
    return { state: 'ended', run: { runId, how: status.name, at: (closeTime ?? startTime).getTime() }, ...started };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'unknown' };
    throw error;
  }
}
