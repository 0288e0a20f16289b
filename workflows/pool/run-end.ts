import { patched, sleep } from '@temporalio/workflow';

/** What was on its way when a bridge was told has come by then. */
const DRAIN_MS = 200;

/**
 * Keeps bridges from sending while a run is about to end. The server refuses the end of a run when a signal has come while
 * its last task was at work, and the whole history is replayed for the next try: on a busy server that is so each time,
 * in all pools at once.
 *
 * Owns how far that is; what bridges are told is in the notice.
 */
export class RunEnd {
  #state: 'open' | 'announced' | 'closed' = 'open';
  /** Runs that began before there was such a notice have neither it nor the timer in their histories. */
  #tells = true;
  readonly #onInput: () => void;

  /** @param onInput is called when the wait is over */
  constructor(onInput: () => void) {
    this.#onInput = onInput;
  }

  /** Bridges shall wait. */
  get isAnnounced(): boolean {
    return this.#tells && this.#state !== 'open';
  }

  /** The run cannot end yet. */
  get isWaiting(): boolean {
    return this.#state === 'announced';
  }

  begin(): void {
    if (this.#state !== 'open') return;
    this.#state = 'announced';
    this.#tells = patched('closes before it ends');
    if (this.#tells) void sleep(DRAIN_MS).then(() => this.#closed());
    else this.#closed();
  }

  /** The run goes on after all. */
  reopen(): void {
    this.#state = 'open';
  }

  #closed(): void {
    if (this.#state === 'announced') this.#state = 'closed';
    this.#onInput();
  }
}
