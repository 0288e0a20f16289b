import type { Client } from '@temporalio/client';

/** One run of a workflow, as far as the server's limits are concerned. */
export interface Run {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly status: string;
  readonly events: number;
  readonly bytes: number;
}

/** Every run that there has been on a task queue: lanes, segments, quarantines. */
export async function runsOn(client: Client, taskQueue: string): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const listed of client.workflow.list({ query: `TaskQueue = "${taskQueue}"` })) {
    // How large a run is stands in the list when it is over.
    const { workflowId, runId } = listed;
    const isOver = listed.status.name !== 'RUNNING';
    const { historyLength, historySize, status, type } = isOver
      ? listed
      : await client.workflow.getHandle(workflowId, runId).describe();
    runs.push({ workflowId, runId, type, status: status.name, events: historyLength, bytes: historySize ?? 0 });
  }
  return runs;
}

/** The most of any run. */
export function peakOf(runs: readonly Run[]): { readonly events: number; readonly bytes: number } {
  return {
    events: Math.max(0, ...runs.map(({ events }) => events)),
    bytes: Math.max(0, ...runs.map(({ bytes }) => bytes)),
  };
}

/** Bytes of the largest argument with which any of the runs was started: what was carried on to it. */
export async function largestStart(client: Client, runs: readonly Run[]): Promise<number> {
  let largest = 0;
  for (const { workflowId, runId } of runs) {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    });
    const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    largest = Math.max(largest, ...payloads.map(({ data }) => data?.length ?? 0));
  }
  return largest;
}
