import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { readingTaskQueue, WORKFLOW_TYPES } from '../contracts/names.ts';
import type { Settings } from '../settings/settings.ts';

/** More than anybody reads. */
const MAX_NAMED = 20;

/**
 * Warns of pipelines that run on the task queue of these settings and are not among them: those of another settings file,
 * or that were taken out. Temporal gives their work to this process too, which cannot do it, and ours to theirs.
 *
 * No more than a warning: which process serves them cannot be known, and during a release that adds or removes a pipeline
 * old and new settings share a task queue for good reason.
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
    log.debug({ err: error }, 'whether other pipelines run on the task queue cannot be learned');
    return;
  }
  if (others.length === 0) return;
  const named = others.slice(0, MAX_NAMED);
  const more = others.length > MAX_NAMED ? ' and more' : '';
  log.warn(
    { pipelines: named, taskQueue },
    `Pipelines run on task queue "${taskQueue}" that this process does not have: ${named.join(', ')}${more} (settings: ` +
      `${file}). Work for them comes here too, fails, and waits to be tried again elsewhere. Give each settings file a task ` +
      'queue of its own (temporal.taskQueue); end a pipeline that was taken out of the settings: temporal workflow ' +
      'terminate --workflow-id NAME.',
  );
}
