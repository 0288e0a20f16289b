/**
 * Ends this process when a graceful stop does not finish: a worker has failed, native code hangs, or a handler blocks
 * the event loop. Owns the two timers for that.
 *
 * Invariants: once set the deadline is never moved or cancelled; this thread enforces it, and a second thread when this
 * one is blocked.
 */
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';

export interface ExitDeadlineOptions {
  /** How long a graceful stop may take. */
  readonly stopWithinMs: number;
  readonly log: Logger;
  /** The parts that have not stopped, for the log. */
  readonly unfinished: () => readonly string[];
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/** The exit code of a process that did not stop in time. */
const EXIT_CODE = 1;
/** How much longer a blocked thread may take before SIGKILL. */
const BLOCKED_MS = 2000;
/** While the main thread is blocked, a second thread can only end the process with SIGKILL. */
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

  /** @param cause the error for which the process stops; absent after a stop request */
  set(cause?: unknown): void {
    if (this.#isSet) return;
    this.#isSet = true;
    const { stopWithinMs, log, unfinished, exit } = this.#options;
    setTimeout(() => {
      const err = cause === undefined ? {} : { err: cause };
      log.fatal(
        { ...err, unfinished: unfinished() },
        `Keylane has not stopped within ${stopWithinMs} ms; exiting now, and Temporal runs its events in another process`,
      );
      exit(EXIT_CODE);
    }, stopWithinMs).unref();
    this.#killLater(stopWithinMs + BLOCKED_MS);
  }

  #killLater(ms: number): void {
    const message = `Keylane has not stopped within ${ms} ms and its main thread is blocked; the process is killed\n`;
    // Without a second thread the timer remains.
    try {
      const thread = new Worker(KILL_LATER, { eval: true, workerData: { ms, message }, execArgv: [] });
      thread.on('error', (error) => this.#options.log.debug({ err: error }, 'No second exit deadline'));
      thread.unref();
    } catch (error) {
      this.#options.log.debug({ err: error }, 'No second exit deadline');
    }
  }
}
