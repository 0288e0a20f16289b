import { log, sleep } from '@temporalio/workflow';

/** Number of consecutive batches without a started key, after which the pool waits before it tries again. */
const MAX_RETURNED = 3;
const MAX_WAIT_MS = 30_000;

/**
 * Keeps a pool from giving batches to busy processes again and again. Temporal offers no choice of the process, so a batch that
 * is returned is simply scheduled again, and another process may take it. When batch after batch is returned, all processes are
 * busy, and each try adds the data of its events to the history of the run.
 *
 * Owns the number of batches returned in a row and the wait after them.
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

  /** No batch may be started yet. */
  get isWaiting(): boolean {
    return this.#waits > 0;
  }

  /** Records whether a batch was returned with no key started. */
  took(isReturned: boolean): void {
    if (!isReturned) {
      this.#returned = 0;
      return;
    }
    // Batches that were in flight when the wait started add no information.
    if (this.isWaiting) return;
    this.#returned += 1;
    if (this.#returned < MAX_RETURNED) return;
    const waitMs = Math.min(this.#firstWaitMs * 2 ** (this.#returned - MAX_RETURNED), MAX_WAIT_MS);
    if (this.#returned === MAX_RETURNED)
      log.warn('All worker processes are busy: the pool waits before it schedules the next batch', { waitMs });
    this.#waits += 1;
    void sleep(Math.max(1, waitMs)).then(() => {
      this.#waits -= 1;
      this.#onInput();
    });
  }
}
