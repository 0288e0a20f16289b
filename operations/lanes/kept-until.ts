import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { LaneView } from '../../contracts/lane/view.ts';
import { parsePipelineView } from '../../contracts/pipeline/parse.ts';
import { pipelineWorkflowId, QUERIES } from '../../contracts/names.ts';
import { NoWorkerError } from '../../temporal/errors.ts';
import { askWorkflow } from '../../temporal/query.ts';

/**
 * Until when the source keeps the data of a head that is too large for Temporal and in no store; ms since 1970.
 * Undefined when it is elsewhere, or the retention is not known to anybody who answers.
 */
export async function keptUntil(client: Client, lane: LaneView, timeoutMs: number): Promise<number | undefined> {
  const { head, pipeline } = lane;
  if (head === undefined || !('sourceOnly' in head.data)) return undefined;
  const workflowId = pipelineWorkflowId(pipeline);
  const asked = { workflowId, query: QUERIES.pipeline, parse: parsePipelineView, timeoutMs };
  try {
    const { retentionMs } = (await askWorkflow(client, asked)).state;
    return retentionMs === undefined ? undefined : head.arrivedAt + retentionMs;
  } catch (error) {
    if (error instanceof NoWorkerError || error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
