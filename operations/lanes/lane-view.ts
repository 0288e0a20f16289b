import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { parseLaneView } from '../../contracts/lane/view-shapes.ts';
import type { LaneView } from '../../contracts/lane/view.ts';
import { QUERIES } from '../../contracts/names.ts';
import { NoSuchLaneError } from '../errors.ts';
import { keptUntil } from './kept-until.ts';
import { askWorkflow } from '../../temporal/query.ts';

/** How a workflow ended that is not open any more. */
export interface Ended {
  /** As Temporal names it: `COMPLETED` for a lane that ended idle, `TERMINATED` by somebody. */
  readonly how: string;
  /** ms since 1970 */
  readonly at?: number;
}

export interface ObservedLane extends LaneView {
  readonly workflowId: string;
  /** Set when the lane has ended; the rest is what it was then. */
  readonly ended?: Ended;
  /** Until when the source keeps the data of the head, when nobody else has it; ms since 1970. */
  readonly keptUntil?: number;
}

const TIMEOUT_MS = 10_000;

/**
 * The lane of a key as it is now, or as it was when it ended, while Temporal keeps that.
 * @throws {NoSuchLaneError}
 * @throws {NoWorkerError}
 */
export async function laneView(
  client: Client,
  pipeline: string,
  key: string,
  timeoutMs: number = TIMEOUT_MS,
): Promise<ObservedLane> {
  const workflowId = laneWorkflowId(pipeline, key);
  const description = await describeLane(client, pipeline, key);
  const { taskQueue } = description;
  const view = await askWorkflow(client, {
    workflowId,
    query: QUERIES.lane,
    parse: parseLaneView,
    timeoutMs,
    taskQueue,
  });
  const ended = endOf(description);
  const until = await keptUntil(client, view, timeoutMs);
  return {
    ...view,
    workflowId,
    ...(ended === undefined ? {} : { ended }),
    ...(until === undefined ? {} : { keptUntil: until }),
  };
}

/** @throws {NoSuchLaneError} */
export async function describeLane(
  client: Client,
  pipeline: string,
  key: string,
): Promise<WorkflowExecutionDescription> {
  try {
    return await client.workflow.getHandle(laneWorkflowId(pipeline, key)).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new NoSuchLaneError(pipeline, key, undefined, { cause: error });
    throw error;
  }
}

export function endOf({ status, closeTime }: WorkflowExecutionDescription): Ended | undefined {
  if (status.name === 'RUNNING' || status.name === 'PAUSED') return undefined;
  return { how: status.name, ...(closeTime === undefined ? {} : { at: closeTime.getTime() }) };
}
