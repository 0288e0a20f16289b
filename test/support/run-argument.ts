import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';

/** The argument with which a run began, and the bytes that it has in Temporal. */
export async function argumentOf(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<{ readonly input: unknown; readonly bytes: number }> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const [input] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads);
  const bytes = payloads?.reduce((sum, { data }) => sum + (data?.length ?? 0), 0) ?? 0;
  return { input, bytes };
}
