import { GracefulShutdownPeriodExpiredError, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';

/**
 * The SDK shuts down a worker that cannot continue, and may then wait for ever for its running tasks, so the state is
 * polled.
 */
const LOOK_EVERY_MS = 500;

/** A running Temporal worker. */
export interface RunningWorker {
  /** Stops it and waits until its tasks have ended, or were given up. */
  stop(): Promise<void>;
  /** Rejects when the worker stops by itself because it cannot continue. */
  readonly failed: Promise<never>;
}

/** Thrown when a worker has shut itself down. The log of Temporal's SDK says why. */
export class WorkerFailedError extends Error {
  override readonly name = 'WorkerFailedError';

  constructor(state: string) {
    super(`A worker cannot continue (it is ${state.toLowerCase()}), so this process exits; the log has the reason`);
  }
}

/** @param stopping aborted before the worker shuts down, so that its tasks end */
export function runWorker(worker: Worker, stopping: AbortController, log: Logger): RunningWorker {
  const run = worker.run();
  let isStopping = false;
  const failed = new Promise<never>((_resolve, reject) => {
    run.then(
      () => (isStopping ? undefined : reject(new Error('A worker stopped by itself'))),
      (error: unknown) => (isStopping ? undefined : reject(error as Error)),
    );
    const look = setInterval(() => {
      const state = worker.getState();
      if (state === 'RUNNING') return;
      clearInterval(look);
      // When the run ends as well, its error says why.
      if (!isStopping) setTimeout(() => reject(new WorkerFailedError(state)), LOOK_EVERY_MS).unref();
    }, LOOK_EVERY_MS);
    look.unref();
  });
  // Callers that do not await it must not cause an unhandled rejection.
  failed.catch(() => undefined);
  return {
    failed,
    async stop() {
      isStopping = true;
      stopping.abort();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run.catch((error: unknown) => {
        if (!(error instanceof GracefulShutdownPeriodExpiredError)) throw error;
        log.error('A handler did not stop in time and was abandoned; Temporal runs its event again in another process');
      });
    },
  };
}
