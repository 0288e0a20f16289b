import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import proto, { type temporal } from '@temporalio/proto';
import { isNotFound } from '../../temporal/grpc.ts';
import type { LaneHistory } from './history-budget.ts';

/** A workflow task that has waited this long is waiting for a worker that does not exist. */
const STALLED_AFTER_MS = 5000;
/** A workflow task that has failed this often does not advance the lane either. */
const STALLED_AFTER_ATTEMPTS = 3;
const { WORKFLOW_EXECUTION_STATUS_PAUSED: PAUSED, WORKFLOW_EXECUTION_STATUS_RUNNING: RUNNING } =
  proto.temporal.api.enums.v1.WorkflowExecutionStatus;

type Description = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;

/**
 * Returns the size of the history of a workflow's open run; undefined when it has no open run.
 * @param now ms since 1970, approximately the server's clock
 */
export async function describeHistory(
  { workflowService, options }: Client,
  workflowId: string,
  now: number,
): Promise<LaneHistory | undefined> {
  try {
    const { namespace } = options;
    const described = await workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } });
    return historyOf(described, now);
  } catch (error) {
    // When it is the namespace that does not exist, the signal that follows fails with the right error.
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Whether a memo's field is true; a user's payload codec does not apply to memos. */
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
    // A run that an operator has paused gets no tasks, but still accepts signals.
    isStalled: info.status === PAUSED || waitsMs > STALLED_AFTER_MS || (task?.attempt ?? 0) >= STALLED_AFTER_ATTEMPTS,
  };
}
