import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import type { Logger } from 'pino';
import { grpcFailure, UNANSWERED } from './grpc.ts';

const WAIT_MS = 1000;

/**
 * Repeats a query or an update until the workflow answers, and logs once that it waits. A worker that has just died or
 * is frozen may have got the request; the server gives the next one to another worker. `ask` must be safe to repeat.
 * Rejects when the signal aborts, and with any error other than a missing answer.
 */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  { workflowId, log, signal }: { readonly workflowId: string; readonly log: Logger; readonly signal: AbortSignal },
): Promise<T> {
  for (let isFirst = true; ; isFirst = false) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      const why = noAnswer(error);
      if (why === undefined) throw error;
      if (isFirst) log.warn({ workflowId }, `The workflow does not answer (${why}); retrying until it does`);
      await delay(WAIT_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

function noAnswer(error: unknown): string | undefined {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return error.message;
  const failure = grpcFailure(error);
  return failure !== undefined && UNANSWERED.has(failure.code) ? failure.details : undefined;
}
