/**
 * Bounds what the subscriptions of one stream hold in this process (O9). The service pushes, so every shard may have a
 * page that nobody has let in yet, however few of them are let in at a time.
 *
 * It owns how much each place holds, and who waits. A page counts from when it comes until the next one of its shard:
 * for so long the SDK keeps the message that it came in, though the page may have been let in.
 *
 * 1. No more than the limit is held, but for one page of each who has waited: however large, it must come in.
 * 2. Who waits comes in before any place grows, and in the order of arrival. Who has had a page steps back while others
 *    wait, so that a few busy shards do not keep the rest out (O3).
 */
/** What AWS pushes in a second, and about the largest event unless its records are larger. */
const USUAL_PAGE_BYTES = 2 * 1024 * 1024;

interface Waiter {
  readonly letIn: () => void;
}

export class Room {
  readonly #limit: number;
  readonly #waiters = new Set<Waiter>();
  #held = 0;

  /** @param limit in bytes of records; in memory a page takes more than twice as much */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of records in all places. */
  get held(): number {
    return this.#held;
  }

  get crowded(): boolean {
    return this.#waiters.size > 0;
  }

  /** Whether a place may hold so much more. */
  admits(more: number): boolean {
    return this.#held === 0 || (!this.crowded && this.#held + more <= this.#limit);
  }

  /** More is held, or less. */
  change(bytes: number): void {
    this.#held += bytes;
    for (const waiter of this.#waiters) {
      if (this.#held > 0 && this.#held + USUAL_PAGE_BYTES > this.#limit) return;
      this.#waiters.delete(waiter);
      this.#held += USUAL_PAGE_BYTES;
      waiter.letIn();
    }
  }

  /**
   * Waits until a usual page may be held, and holds it.
   * @throws the signal's reason when it aborts first; nothing is held then
   */
  async enter(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiters.delete(waiter);
        reject(signal.reason as Error);
      };
      const letIn = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const waiter: Waiter = { letIn };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
      this.change(0);
    });
    return USUAL_PAGE_BYTES;
  }
}

/** What one shard holds of the room: the page that came last. */
export class Place {
  readonly #room: Room;
  readonly #leave = (): void => this.leave();
  #bytes = 0;
  /** It has waited: its next page is let in. */
  #expected = false;
  #signal: AbortSignal | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Others wait, and this place has had a page: it is for them to have one. */
  get shouldYield(): boolean {
    return this.#bytes > 0 && this.#room.crowded;
  }

  /**
   * Whether a page of so many bytes may be held in place of the one before; if so, it is.
   * @param signal gives the place back when it aborts: whoever wanted the page is gone
   */
  take(bytes: number, signal: AbortSignal): boolean {
    const more = bytes - this.#bytes;
    if (more > 0 && !this.#expected && !this.#room.admits(more)) return false;
    this.#expected = false;
    this.#hold(bytes);
    this.#follow(signal);
    return true;
  }

  /** Gives back what is held, and waits for the others. */
  async wait(signal: AbortSignal): Promise<void> {
    this.leave();
    this.#bytes = await this.#room.enter(signal);
    this.#expected = true;
    this.#follow(signal);
    // It may have been let in by the very abort that takes it away.
    signal.throwIfAborted();
  }

  leave(): void {
    this.#expected = false;
    this.#signal?.removeEventListener('abort', this.#leave);
    this.#signal = undefined;
    this.#hold(0);
  }

  #hold(bytes: number): void {
    const more = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#room.change(more);
  }

  #follow(signal: AbortSignal): void {
    if (signal === this.#signal) return;
    this.#signal?.removeEventListener('abort', this.#leave);
    this.#signal = signal;
    if (signal.aborted) this.leave();
    else signal.addEventListener('abort', this.#leave, { once: true });
  }
}
