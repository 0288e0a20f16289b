/**
 * Ends this process when an orderly stop does not come to an end: a worker that has failed, native code that hangs, a
 * handler that holds the event loop. Owns the two timers for that.
 *
 * Invariants: once set the deadline is never moved or taken back; it is kept by this thread, and by a second thread when
 * this one is blocked.
 */
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';

export interface ExitDeadlineOptions {
  /** How long an orderly stop may take. */
  readonly stopWithinMs: number;
  readonly log: Logger;
  /** What has not stopped, for the log. */
  readonly unfinished: () => readonly string[];
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/** The exit code of a process that had to be ended. */
const EXIT_CODE = 1;
/** How much longer a thread that is blocked is waited for: then nothing is left but SIGKILL. */
const BLOCKED_MS = 2000;
/** A thread that runs while the main one is blocked has no gentler way to end the process. */
const KILL_LATER = `
  const { workerData } = require('node:worker_threads');
  setTimeout(() => {
    require('node:fs').writeSync(2, workerData.message);
    process.kill(process.pid, 'SIGKILL');
  }, workerData.ms);
`;

export class ExitDeadline {
  readonly #options: ExitDeadlineOptions;
  #isSet = false;

  constructor(options: ExitDeadlineOptions) {
    this.#options = options;
  }

  /** @param cause the error for which the process stops; none when it was told to stop */
  set(cause?: unknown): void {
    if (this.#isSet) return;
    this.#isSet = true;
    const { stopWithinMs, log, unfinished, exit } = this.#options;
    setTimeout(() => {
      const err = cause === undefined ? {} : { err: cause };
      log.fatal(
        { ...err, unfinished: unfinished() },
        `Keylane has not stopped within ${stopWithinMs} ms; the process exits now, and Temporal runs its events elsewhere`,
      );
      exit(EXIT_CODE);
    }, stopWithinMs).unref();
    this.#killLater(stopWithinMs + BLOCKED_MS);
  }

  #killLater(ms: number): void {
    const message = `Keylane has not stopped within ${ms} ms and its main thread is blocked; the process is killed\n`;
    // A process that cannot have another thread has the timer.
    try {
      const thread = new Worker(KILL_LATER, { eval: true, workerData: { ms, message }, execArgv: [] });
      thread.on('error', (error) => this.#options.log.debug({ err: error }, 'No second exit deadline'));
      thread.unref();
    } catch (error) {
      this.#options.log.debug({ err: error }, 'No second exit deadline');
    }
  }
}
