import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import type { Logger } from 'pino';
import { grpcFailure, UNANSWERED } from './grpc.ts';

const WAIT_MS = 1000;

/**
 * Asks a workflow again until it answers, and says once that it waits. A worker that has just died or stands still may have
 * been given the question; the server hands the next one to another. `ask` must do no harm when it is done twice.
 * Rejects when the signal aborts, and with what says more than that nobody answered.
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
      if (isFirst) log.warn({ workflowId }, `The workflow does not answer (${why}). Asking until it does.`);
      await delay(WAIT_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

function noAnswer(error: unknown): string | undefined {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return error.message;
  const failure = grpcFailure(error);
  return failure !== undefined && UNANSWERED.has(failure.code) ? failure.details : undefined;
}
