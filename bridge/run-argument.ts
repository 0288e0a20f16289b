import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';

/** The argument of a workflow's latest run. It is in the run's first event, so no worker is needed, whatever its state. */
export async function argumentOf<T>(client: Client, workflowId: string): Promise<T | undefined> {
  const { loadedDataConverter, namespace } = client.options;
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: { workflowId },
    maximumPageSize: 1,
  });
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const [argument] = (await decodeArrayFromPayloads(loadedDataConverter, payloads)) as [T?];
  return argument;
}
