import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

const { WorkflowTaskFailedCause: Cause } = proto.temporal.api.enums.v1;

/** What happens to good workflow code too: the run was about to end, or was reset, or its worker stood still. */
const HARMLESS: ReadonlySet<number> = new Set([
  Cause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
  Cause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
  Cause.WORKFLOW_TASK_FAILED_CAUSE_RESET_STICKY_TASK_QUEUE,
  Cause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
]);

/** Workflow tasks in which a lane failed, for example because its code does not replay: such a lane may stand still for ever. */
export async function failedTasks(client: Client, workflowId: string): Promise<string[]> {
  const failed: string[] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { eventId, workflowTaskFailedEventAttributes: task } of events ?? []) {
      if (task == null || HARMLESS.has(task.cause ?? 0)) continue;
      failed.push(
        `${workflowId}, run ${runId}, event ${String(eventId)}: ${task.failure?.message ?? String(task.cause)}`,
      );
    }
  }
  return failed;
}
