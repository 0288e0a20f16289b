/**
 * Turns at calling handlers in this process, given in the order in which they were asked for. Unlike a queue of functions, one that
 * waits can be taken back: the keys of a batch that has waited for too long go to another process, and leave nothing behind here.
 *
 * Owns how many turns are free and who waits.
 */
export class CallSlots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  /** @param calls at a time */
  constructor(calls: number) {
    this.#free = calls;
  }

  /** Those that wait for a turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with true when it is the caller's turn, who calls {@link leave} afterwards; with false when the signal aborts before. */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    return await new Promise((resolve) => {
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(true);
      };
      const onAbort = (): void => {
        this.#waiting.delete(onTurn);
        resolve(false);
      };
      this.#waiting.add(onTurn);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
