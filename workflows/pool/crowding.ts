import { log, sleep } from '@temporalio/workflow';

/** Batches in a row of which no key was started, after which the pool waits before it tries again. */
const MAX_RETURNED = 3;
const MAX_WAIT_MS = 30_000;

/**
 * Keeps a pool from handing its keys to processes without room again and again. Temporal gives no choice of the process, so one
 * batch that comes back is simply handed out again, and with luck another process takes it. When one after the other comes back, all
 * processes are busy: each try is in the history of the run, with the data of its events.
 *
 * Owns how many have come back in a row and the wait after them.
 */
export class Crowding {
  readonly #firstWaitMs: number;
  readonly #onInput: () => void;
  #returned = 0;
  #waits = 0;

  /** @param onInput is called when a wait is over */
  constructor(firstWaitMs: number, onInput: () => void) {
    this.#firstWaitMs = firstWaitMs;
    this.#onInput = onInput;
  }

  /** No batch is to be begun yet. */
  get isWaiting(): boolean {
    return this.#waits > 0;
  }

  /** Takes in whether a batch came back with no key started. */
  took(isReturned: boolean): void {
    if (!isReturned) {
      this.#returned = 0;
      return;
    }
    // Those that were in flight when the wait began say nothing new.
    if (this.isWaiting) return;
    this.#returned += 1;
    if (this.#returned < MAX_RETURNED) return;
    const waitMs = Math.min(this.#firstWaitMs * 2 ** (this.#returned - MAX_RETURNED), MAX_WAIT_MS);
    if (this.#returned === MAX_RETURNED)
      log.warn('No process has room for the batches of the pool: it waits before it tries again', { waitMs });
    this.#waits += 1;
    void sleep(Math.max(1, waitMs)).then(() => {
      this.#waits -= 1;
      this.#onInput();
    });
  }
}
