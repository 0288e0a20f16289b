/**
 * Limits what the subscriptions of one stream hold in this process (O9). The service pushes, so every shard may have a
 * page that was not admitted yet, however few pages are admitted at a time.
 *
 * Owns how much each shard holds, and which shards wait. A page counts from its arrival until the next page of its
 * shard: for that time the SDK keeps the message that contained it, even when the page was admitted.
 *
 * Invariants:
 * - push-budget.P1: no more than the limit is held, except for one page of each shard that has waited: it must be
 *   admitted however large it is.
 * - push-budget.P2: waiting shards are admitted before any shard holds more, and in the order of arrival. A shard that
 *   has had a page yields while others wait, so that a few busy shards do not block the rest (O3).
 */
import { onAbort } from '../../../lib/node/abort.ts';
import { WaitingLine } from '../../../lib/node/waiting-line.ts';

/** What AWS pushes in a second, and about the largest event unless its records are larger. */
const USUAL_PAGE_BYTES = 2 * 1024 * 1024;

export class PushBudget {
  readonly #limit: number;
  readonly #line = new WaitingLine<undefined>();
  #held = 0;

  /** @param limit in bytes of records; in memory a page takes more than twice as much */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of records that all shards hold. */
  get held(): number {
    return this.#held;
  }

  get hasWaiting(): boolean {
    return this.#line.length > 0;
  }

  /** Whether a shard may hold this much more. */
  admits(more: number): boolean {
    return this.#held === 0 || (!this.hasWaiting && this.#held + more <= this.#limit);
  }

  /** Changes what is held, by a positive or negative number of bytes. */
  change(bytes: number): void {
    this.#held += bytes;
    this.#line.admit(() => {
      if (this.#held > 0 && this.#held + USUAL_PAGE_BYTES > this.#limit) return false;
      this.#held += USUAL_PAGE_BYTES;
      return true;
    });
  }

  /**
   * Waits until a usual page may be held, and holds it.
   * @returns the bytes that are held
   * @throws the signal's reason when it aborts first; nothing is held then
   */
  async enter(signal: AbortSignal): Promise<number> {
    const admitted = this.#line.wait(undefined, signal);
    this.change(0);
    await admitted;
    return USUAL_PAGE_BYTES;
  }
}

/** What one shard holds of the budget: its latest page. */
export class PushShare {
  readonly #budget: PushBudget;
  #bytes = 0;
  /** True when the shard has waited: its next page is admitted. */
  #hasWaited = false;
  #signal: AbortSignal | undefined;
  #unfollow: () => void = () => {};

  constructor(budget: PushBudget) {
    this.#budget = budget;
  }

  /** Other shards wait, and this one has had a page. */
  get shouldYield(): boolean {
    return this.#bytes > 0 && this.#budget.hasWaiting;
  }

  /**
   * Whether a page of this size may be held in place of the previous one; if so, it is.
   * @param signal gives the share back when it aborts: the reader that asked for the page has stopped
   */
  take(bytes: number, signal: AbortSignal): boolean {
    const more = bytes - this.#bytes;
    if (more > 0 && !this.#hasWaited && !this.#budget.admits(more)) return false;
    this.#hasWaited = false;
    this.#hold(bytes);
    this.#follow(signal);
    return true;
  }

  /** Gives back what is held, and waits for the others. */
  async wait(signal: AbortSignal): Promise<void> {
    this.leave();
    this.#bytes = await this.#budget.enter(signal);
    this.#hasWaited = true;
    this.#follow(signal);
    // The signal may have aborted in the same turn in which the page was admitted.
    signal.throwIfAborted();
  }

  leave(): void {
    this.#hasWaited = false;
    this.#unfollow();
    this.#signal = undefined;
    this.#hold(0);
  }

  #hold(bytes: number): void {
    const more = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#budget.change(more);
  }

  #follow(signal: AbortSignal): void {
    if (signal === this.#signal) return;
    this.#unfollow();
    this.#signal = signal;
    this.#unfollow = onAbort(signal, () => this.leave());
  }
}
