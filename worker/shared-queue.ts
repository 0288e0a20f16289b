import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { readingTaskQueue, WORKFLOW_TYPES } from '../contracts/names.ts';
import type { Settings } from '../settings/settings.ts';

/** Maximum names in the warning. */
const MAX_NAMED = 20;

/**
 * Warns of pipelines that run on the task queue of these settings and are not among them: pipelines of another settings
 * file, or that were removed. Temporal gives their tasks to this process too, which cannot run them, and this process's
 * tasks to theirs.
 *
 * It is only a warning: it is unknown which process serves them, and during a release that adds or removes a pipeline,
 * old and new settings share a task queue legitimately.
 */
export async function warnOfOtherPipelines(
  { file, pipelines, temporal: { taskQueue } }: Settings,
  { client, log }: { readonly client: Client; readonly log: Logger },
): Promise<void> {
  const queue = readingTaskQueue(taskQueue);
  const query = `WorkflowType = "${WORKFLOW_TYPES.pipeline}" AND TaskQueue = "${queue.replaceAll('"', '\\"')}" AND ExecutionStatus = "Running"`;
  const others: string[] = [];
  try {
    for await (const { workflowId } of client.workflow.list({ query })) {
      if (!pipelines.has(workflowId)) others.push(workflowId);
      if (others.length > MAX_NAMED) break;
    }
  } catch (error) {
    log.debug({ err: error }, 'Could not check whether other pipelines run on the task queue');
    return;
  }
  if (others.length === 0) return;
  const named = others.slice(0, MAX_NAMED);
  const more = others.length > MAX_NAMED ? ' and more' : '';
  log.warn(
    { pipelines: named, taskQueue },
    `Pipelines run on task queue "${taskQueue}" that this process does not have: ${named.join(', ')}${more} (settings: ` +
      `${file}). Their tasks come here too, fail, and are retried in another process. Give each settings file a task ` +
      'queue of its own (temporal.taskQueue); terminate a pipeline that was removed from the settings: temporal workflow ' +
      'terminate --workflow-id NAME.',
  );
}
