import { GracefulShutdownPeriodExpiredError, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';

/** A Temporal worker that has been set going. */
export interface RunningWorker {
  /** Stops it and waits until what it runs has ended, or was given up. */
  stop(): Promise<void>;
  /** Rejects when it ends by itself: it cannot go on. */
  readonly failed: Promise<never>;
}

/** @param stopping raised before the worker shuts down, so that what it runs comes to an end */
export function setGoing(worker: Worker, stopping: AbortController, log: Logger): RunningWorker {
  const run = worker.run();
  let isStopping = false;
  const failed = new Promise<never>((_resolve, reject) => {
    run.then(
      () => (isStopping ? undefined : reject(new Error('A worker ended by itself'))),
      (error: unknown) => (isStopping ? undefined : reject(error as Error)),
    );
  });
  // Whoever does not wait for it must not be ended by it.
  failed.catch(() => undefined);
  return {
    failed,
    async stop() {
      isStopping = true;
      stopping.abort();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run.catch((error: unknown) => {
        if (!(error instanceof GracefulShutdownPeriodExpiredError)) throw error;
        log.error('A handler did not stop in time and is left behind; Temporal starts its event again elsewhere');
      });
    },
  };
}
