import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** Of gRPC; `@grpc/grpc-js` is not a dependency of ours. */
const NOT_FOUND = 5;
/** A server that has just begun may not know its namespaces yet. That says nothing of what is in them. */
const NO_NAMESPACE = /^namespace /i;

/**
 * What Temporal does not have, no retry brings back.
 * @param type of the failure that says so
 * @param what was asked for, for people
 */
export async function unlessGone<T>(type: string, what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw ApplicationFailure.create({
      type,
      message: `Temporal does not have ${what} any more`,
      nonRetryable: true,
      cause: error instanceof Error ? error : new Error(String(error)),
    });
  }
}

function isNotFound(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  if (!isGrpcServiceError(error)) return false;
  const code: number = error.code;
  return code === NOT_FOUND && !NO_NAMESPACE.test(error.details);
}
