import { isGrpcServiceError, type Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import proto, { type temporal } from '@temporalio/proto';
import type { LaneHistory } from './history-budget.ts';

/** A workflow task that has waited for a worker for so long waits for one that is not there. */
const STALLED_AFTER_MS = 5000;
/** One that has failed so often does not get the lane on either. */
const STALLED_AFTER_ATTEMPTS = 3;
const NOT_FOUND = 5;
const { WORKFLOW_EXECUTION_STATUS_PAUSED: PAUSED, WORKFLOW_EXECUTION_STATUS_RUNNING: RUNNING } =
  proto.temporal.api.enums.v1.WorkflowExecutionStatus;

type Description = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;

/**
 * Asks how large the history of a workflow's open run is; undefined when it has none.
 * @param now ms since 1970, as the server's clock has it, more or less
 */
export async function askHistory(
  { workflowService, options }: Client,
  workflowId: string,
  now: number,
): Promise<LaneHistory | undefined> {
  try {
    const { namespace } = options;
    const described = await workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } });
    return historyOf(described, now);
  } catch (error) {
    // The signal that follows says what is wrong when it is the namespace that is not there.
    const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
    if (code === NOT_FOUND) return undefined;
    throw error;
  }
}

/** Of a memo's field; a codec that people have set up leaves memos alone. */
function isTrue(payload: temporal.api.common.v1.IPayload | null | undefined): boolean {
  return payload != null && defaultPayloadConverter.fromPayload<unknown>(payload) === true;
}

function historyOf({ workflowExecutionInfo: info, pendingWorkflowTask: task }: Description, now: number) {
  if (info?.status !== RUNNING && info?.status !== PAUSED) return undefined;
  const waitsMs = task?.scheduledTime ? now - tsToMs(task.scheduledTime) : 0;
  return {
    events: Number(info.historyLength ?? 0),
    bytes: Number(info.historySizeBytes ?? 0),
    isFull: isTrue(info.memo?.fields?.['full']),
    // One that a person has paused gets no tasks, and takes signals all the same.
    isStalled: info.status === PAUSED || waitsMs > STALLED_AFTER_MS || (task?.attempt ?? 0) >= STALLED_AFTER_ATTEMPTS,
  };
}
