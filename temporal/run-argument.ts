import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';

/**
 * The argument with which a run began. It is in the run's first event, so no worker is needed, whatever its state.
 * @param run the latest one when none is named
 * @throws what the parser throws
 */
export async function argumentOf<T>(
  client: Client,
  run: { readonly workflowId: string; readonly runId?: string },
  parse: (argument: unknown) => T,
): Promise<T | undefined> {
  const { loadedDataConverter, namespace } = client.options;
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: run,
    maximumPageSize: 1,
  });
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const [argument] = await decodeArrayFromPayloads(loadedDataConverter, payloads);
  return argument === undefined ? undefined : parse(argument);
}
