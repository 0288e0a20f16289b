import { GracefulShutdownPeriodExpiredError, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';

/** The SDK shuts a worker down that cannot go on, and may then wait for ever for what that worker still runs. */
const LOOK_EVERY_MS = 500;

/** A Temporal worker that has been set going. */
export interface RunningWorker {
  /** Stops it and waits until what it runs has ended, or was given up. */
  stop(): Promise<void>;
  /** Rejects when it ends by itself: it cannot go on. */
  readonly failed: Promise<never>;
}

/** Thrown when a worker has shut itself down. The log of Temporal's SDK says why. */
export class WorkerFailedError extends Error {
  override readonly name = 'WorkerFailedError';

  constructor(state: string) {
    super(`A worker cannot go on (it is ${state.toLowerCase()}), so this process ends; the log has the reason`);
  }
}

/** @param stopping raised before the worker shuts down, so that what it runs comes to an end */
export function runWorker(worker: Worker, stopping: AbortController, log: Logger): RunningWorker {
  const run = worker.run();
  let isStopping = false;
  const failed = new Promise<never>((_resolve, reject) => {
    run.then(
      () => (isStopping ? undefined : reject(new Error('A worker ended by itself'))),
      (error: unknown) => (isStopping ? undefined : reject(error as Error)),
    );
    const look = setInterval(() => {
      const state = worker.getState();
      if (state === 'RUNNING') return;
      clearInterval(look);
      // A run that has ended as well says why.
      if (!isStopping) setTimeout(() => reject(new WorkerFailedError(state)), LOOK_EVERY_MS).unref();
    }, LOOK_EVERY_MS);
    look.unref();
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
