import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { LaneView } from '../../contracts/lane/view.ts';
import { parseLaneView } from '../../contracts/lane/view-shapes.ts';
import { QUERIES, SEARCH_ATTRIBUTES, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { NoWorkerError } from '../../temporal/errors.ts';
import { endOf, type Ended } from './lane-view.ts';
import { askWorkflow, orMissing } from '../../temporal/query.ts';
import { listing, quoted } from '../../temporal/visibility.ts';

/**
 * The latest run of a lane, which was terminated, failed or timed out with work in it. No later run has taken that
 * over.
 */
export interface EndedLane {
  readonly info: WorkflowExecutionInfo;
  readonly ended: Ended;
  /** As it was then; absent when no worker answers. */
  readonly view?: LaneView;
}

const AT_ONCE = 8;
const HAD_FAILED: ReadonlySet<unknown> = new Set(['blocked', 'retrying', 'paused']);

/** Lanes end by themselves only when they have nothing left to do: these are all exceptions, and few. */
export async function endedLanes(
  client: Client,
  pipelines: readonly string[],
  { limit, answerTimeoutMs }: { readonly limit: number; readonly answerTimeoutMs: number },
): Promise<EndedLane[]> {
  if (pipelines.length === 0) return [];
  const query = [
    `WorkflowType = ${quoted(WORKFLOW_TYPES.lane)}`,
    `ExecutionStatus IN (${['Terminated', 'Failed', 'TimedOut'].map(quoted).join(', ')})`,
    `${SEARCH_ATTRIBUTES.pipeline} IN (${pipelines.map(quoted).join(', ')})`,
  ].join(' AND ');
  const found = await listing(client, async () => {
    const infos = new Map<string, WorkflowExecutionInfo>();
    for await (const info of client.workflow.list({ query })) {
      // The latest comes first.
      if (!infos.has(info.workflowId)) infos.set(info.workflowId, info);
      if (infos.size >= limit) break;
    }
    return [...infos.values()];
  });
  // Where no worker answers for one, none answers for the rest either.
  const silent = new Set<string>();
  const looked = await mapBounded(found, AT_ONCE, async (info) => await look(client, info, silent, answerTimeoutMs));
  return looked.filter((lane) => lane !== undefined);
}

async function look(
  client: Client,
  info: WorkflowExecutionInfo,
  silent: Set<string>,
  timeoutMs: number,
): Promise<EndedLane | undefined> {
  const { runId, workflowId } = info;
  const latest = await orMissing(client.workflow.getHandle(workflowId).describe(), undefined);
  const ended = latest?.runId === runId ? endOf(latest) : undefined;
  if (ended === undefined) return undefined;
  const view = silent.has(info.taskQueue) ? undefined : await viewOf(client, info, silent, timeoutMs);
  if (view !== undefined) return view.head === undefined ? undefined : { info, ended, view };
  const status = (info.searchAttributes as Record<string, readonly unknown[] | undefined>)[SEARCH_ATTRIBUTES.status];
  return HAD_FAILED.has(status?.[0]) ? { info, ended } : undefined;
}

async function viewOf(
  client: Client,
  { taskQueue, workflowId }: WorkflowExecutionInfo,
  silent: Set<string>,
  timeoutMs: number,
): Promise<LaneView | undefined> {
  try {
    return await askWorkflow(client, { workflowId, query: QUERIES.lane, parse: parseLaneView, timeoutMs });
  } catch (error) {
    // One whose history cannot be replayed any more is listed by what is known of it.
    if (error instanceof NoWorkerError) silent.add(taskQueue);
    return undefined;
  }
}
