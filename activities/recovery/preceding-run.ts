import type { Client } from '@temporalio/client';
import { latestRun } from '../../temporal/latest-run.ts';
import type { LatestRun, RunName } from '../../contracts/run.ts';

/**
 * The run that was started last before this one. Temporal's record of a run does not name the run before it, so that one is
 * looked up in the list of runs. Its state comes from its own record, since the list lags behind.
 */
export async function precedingRun(client: Client, { workflowId, runId }: RunName): Promise<LatestRun> {
  const { startTime: startedAt } = await client.workflow.getHandle(workflowId, runId).describe();
  let preceding:
    { readonly runId: string; readonly startTime: Date; readonly status: { readonly name: string } } | undefined;
  for await (const run of client.workflow.list({ query: `WorkflowId = ${quoted(workflowId)}` })) {
    if (run.runId === runId || run.startTime > startedAt) continue;
    if (preceding === undefined || run.startTime > preceding.startTime) preceding = run;
  }
  if (preceding === undefined) return { state: 'unknown' };
  // The run that continues it is not in the list yet.
  if (preceding.status.name === 'CONTINUED_AS_NEW')
    throw new Error(`The list of runs of ${workflowId} does not have its latest runs yet`);
  return await latestRun(client, workflowId, preceding.runId);
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
