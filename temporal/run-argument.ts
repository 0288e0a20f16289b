import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';

/** With what a run was started. */
export interface RunStart<T> {
  readonly argument: T | undefined;
  readonly taskQueue: string | undefined;
}

/**
 * The start of a run is its first event, so no worker is needed, whatever state the run is in.
 * @param run the latest one when none is named
 * @throws what the parser throws
 */
export async function startOfRun<T>(
  client: Client,
  run: { readonly workflowId: string; readonly runId?: string },
  parse: (argument: unknown) => T,
): Promise<RunStart<T>> {
  const { loadedDataConverter, namespace } = client.options;
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: run,
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const [sent] = await decodeArrayFromPayloads(loadedDataConverter, started?.input?.payloads);
  const argument = sent === undefined ? undefined : parse(sent);
  return { argument, taskQueue: started?.taskQueue?.name ?? undefined };
}

/** The argument of a run: see {@link startOfRun}. */
export async function argumentOf<T>(
  client: Client,
  run: { readonly workflowId: string; readonly runId?: string },
  parse: (argument: unknown) => T,
): Promise<T | undefined> {
  return (await startOfRun(client, run, parse)).argument;
}
