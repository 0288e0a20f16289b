import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { NoWorkerError } from './errors.ts';
import { grpcFailure, UNANSWERED } from './grpc.ts';

export interface Asked<Answer> {
  readonly workflowId: string;
  readonly query: string;
  readonly args?: readonly unknown[];
  readonly timeoutMs: number;
  /** Reads the answer: the workflow may run other code than this process. */
  readonly parse: (answer: unknown) => Answer;
  /** For the error. */
  readonly taskQueue?: string;
}

/**
 * Queries a workflow, which a worker must answer.
 * @throws {NoWorkerError} if none does in time
 * @throws {InvalidValueError} if the answer cannot be read
 */
export async function askWorkflow<Answer>(client: Client, asked: Asked<Answer>): Promise<Answer> {
  const { workflowId, query, args = [], parse, timeoutMs, taskQueue } = asked;
  try {
    const answer = await client.withDeadline(Date.now() + timeoutMs, () =>
      client.workflow.getHandle(workflowId).query<unknown, unknown[]>(query, ...args),
    );
    return parse(answer);
  } catch (error) {
    const failure = grpcFailure(error);
    if (failure === undefined || !UNANSWERED.has(failure.code)) throw error;
    throw new NoWorkerError(workflowId, taskQueue, `The server says: ${failure.details}.`, { cause: error });
  }
}

/** The answer, or `otherwise` when there is no such workflow. */
export async function orMissing<T, Otherwise>(request: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return otherwise;
    throw error;
  }
}

/** The answer; undefined when no worker answered. */
export async function orUnknown<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof NoWorkerError) return undefined;
    throw error;
  }
}
