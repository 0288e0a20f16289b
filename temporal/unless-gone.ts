import { WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { grpcFailure, isNotFound } from './grpc.ts';

/** A server that has just started may not know its namespaces yet. That says nothing about what is in them. */
const NO_NAMESPACE = /^namespace /i;

/**
 * Runs `ask`; when Temporal no longer has what it asks for, throws a failure that is not retryable.
 * @param type of that failure
 * @param what was asked for, for the message
 */
export async function unlessGone<T>(type: string, what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isGone(error)) throw error;
    throw ApplicationFailure.create({
      type,
      message: `Temporal does not have ${what} any more`,
      nonRetryable: true,
      cause: error instanceof Error ? error : new Error(String(error)),
    });
  }
}

function isGone(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  return isNotFound(error) && !NO_NAMESPACE.test(grpcFailure(error)?.details ?? '');
}
