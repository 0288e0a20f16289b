/**
 * Keeps an attempt at an event from calling the handler while its lane may be about to stop the event's activity without
 * knowing of this attempt.
 *
 * A lane that stops the activity first asks Temporal which attempt is due (`pendingEvent`), and then cancels. When no
 * attempt runs at that moment, Temporal ends the activity without saying how many attempts there were. So an attempt that
 * began after the answer and failed before the cancellation would leave no trace, and its number would be given to another
 * call (O7), however short that time is meant to be. Therefore an attempt waits until a question that may have been
 * answered before it began has had its consequence. A question that is answered later finds the attempt running, which the lane takes
 * into account.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import { AttemptLostError } from './attempt-ownership.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;

type Description = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;

const LOOK_AGAIN_MS = 100;
const DEADLINE_MS = 5000;

/** What is pending for a lane: the ids of its questions, and the workflow task, named by the time for which it was scheduled. */
export interface PendingForLane {
  readonly questions: readonly string[];
  readonly task: string | undefined;
}

/** Whether the questions that were open at the first look have had their consequence. */
export class OpenQuestions {
  #asked: readonly string[] | undefined;
  /** Workflow tasks that were pending since the questions were answered. */
  readonly #tasks = new Set<string>();

  /**
   * The answer comes with the workflow task that is pending when the question no longer is, or with the next one, when that
   * task had begun before. So it has been read when no task is pending, or the second one after it was answered is over.
   */
  areOver({ questions, task }: PendingForLane): boolean {
    this.#asked ??= questions;
    if (this.#asked.some((id) => questions.includes(id))) return false;
    if (task === undefined) return true;
    this.#tasks.add(task);
    return this.#tasks.size > 2;
  }
}

/**
 * Resolves when the handler may be called as far as questions of the lane go; with false when the lane has stopped the
 * activity, or `signal` was aborted.
 * @throws {AttemptLostError} when Temporal has no such attempt any more
 */
export async function questionsAreOver(client: Client, signal: AbortSignal): Promise<boolean> {
  const { activityId, attempt, workflowExecution } = Context.current().info;
  if (workflowExecution === undefined) return true;
  const { workflowId, runId } = workflowExecution;
  const questions = new OpenQuestions();
  while (!signal.aborted) {
    const description = await describe(client, workflowId, runId);
    if (description !== undefined) {
      const own = description.pendingActivities?.find((pending) => pending.activityId === activityId);
      if (own?.attempt !== attempt) throw new AttemptLostError('Temporal has no such attempt any more');
      if (own.state === PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED) return false;
      if (questions.areOver(pendingFor(description))) return true;
    }
    await delay(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

function pendingFor({ pendingActivities, pendingWorkflowTask: task }: Description): PendingForLane {
  // A task that has failed is scheduled again, and is still the same one.
  const scheduled = task?.originalScheduledTime ?? task?.scheduledTime;
  return {
    questions: (pendingActivities ?? []).flatMap(({ activityId, activityType }) =>
      activityType?.name === 'pendingEvent' && activityId != null ? [activityId] : [],
    ),
    task: task == null ? undefined : `${String(scheduled?.seconds)}.${String(scheduled?.nanos)}`,
  };
}

/** Undefined when Temporal does not answer just now. */
async function describe(client: Client, workflowId: string, runId: string): Promise<Description | undefined> {
  try {
    const handle = client.workflow.getHandle(workflowId, runId);
    return (await client.withDeadline(Date.now() + DEADLINE_MS, () => handle.describe())).raw;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new AttemptLostError('Temporal has no such run any more');
    return undefined;
  }
}
