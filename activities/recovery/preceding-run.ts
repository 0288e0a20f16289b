import type { Client } from '@temporalio/client';
import { latestRun } from '../../temporal/latest-run.ts';
import type { LatestRun } from '../../contracts/recovery.ts';
import type { RunName } from '../../contracts/run.ts';

/**
 * The run that was begun last before this one. Temporal's own record of a run does not name it, so it is looked for in the
 * list of runs; how it is comes from its record.
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
  // The run that it continued as is not in the list yet.
  if (preceding.status.name === 'CONTINUED_AS_NEW')
    throw new Error(`The list of runs of ${workflowId} is not complete yet`);
  return await latestRun(client, workflowId, preceding.runId);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
