/** Pipelines that Temporal knows, whatever the settings say: one that was renamed or taken out still has its lanes. */
import type { Client } from '@temporalio/client';
import { pipelineWorkflowId, SEARCH_ATTRIBUTES, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import { orMissing } from '../../temporal/query.ts';
import { listing, openLanes, quoted } from '../../temporal/visibility.ts';

/** Beyond that a namespace is not one of a few teams, and a listing of all would be of no use. */
const MAX_OTHERS = 20;
const COUNTS_AT_ONCE = 4;

/** A pipeline that the settings do not have. */
export interface OtherPipeline {
  readonly pipeline: string;
  /** Keys. */
  readonly blocked: number;
}

/** Whether Temporal has anything of a pipeline of this name. */
export async function isAtTemporal(client: Client, pipeline: string): Promise<boolean> {
  const running = await orMissing(client.workflow.getHandle(pipelineWorkflowId(pipeline)).describe(), undefined);
  if (running?.type === WORKFLOW_TYPES.pipeline) return true;
  const query = `${SEARCH_ATTRIBUTES.pipeline} = ${quoted(pipeline)}`;
  return await listing(client, async () => (await client.workflow.count(query)).count > 0);
}

/** Pipelines besides the known ones that run, or have keys which need a decision; in the order of their names. */
export async function otherPipelines(client: Client, known: readonly string[]): Promise<OtherPipeline[]> {
  return await listing(client, async () => {
    const found = new Set<string>();
    const open = `WorkflowType = ${quoted(WORKFLOW_TYPES.pipeline)} AND ExecutionStatus = ${quoted('Running')}`;
    for await (const { workflowId } of client.workflow.list({ query: open })) {
      if (!known.includes(workflowId)) found.add(workflowId);
      if (found.size >= MAX_OTHERS) break;
    }
    while (found.size < MAX_OTHERS) {
      const next = await pipelineOfStuckLane(client, [...known, ...found]);
      if (next === undefined) break;
      found.add(next);
    }
    return await mapBounded([...found].toSorted(), COUNTS_AT_ONCE, async (pipeline) => {
      const { count } = await client.workflow.count(openLanes({ pipeline, status: 'blocked' }));
      return { pipeline, blocked: count };
    });
  });
}

/** Of a lane that needs a decision and is of none of these pipelines. */
async function pipelineOfStuckLane(client: Client, except: readonly string[]): Promise<string | undefined> {
  const { pipeline, status } = SEARCH_ATTRIBUTES;
  const stuck = ['blocked', 'retrying', 'paused'].map(quoted).join(', ');
  const query = [
    `WorkflowType = ${quoted(WORKFLOW_TYPES.lane)}`,
    `ExecutionStatus = ${quoted('Running')}`,
    `${status} IN (${stuck})`,
    `${pipeline} NOT IN (${except.map(quoted).join(', ')})`,
  ].join(' AND ');
  for await (const { workflowId } of client.workflow.list({ query, pageSize: 1 })) return workflowId.split(':', 1)[0];
  return undefined;
}
