/**
 * A fair semaphore for handler calls in this process. Unlike a queue of functions, a request that waits can be withdrawn: the
 * keys of a batch that has waited for too long go to another process, and leave nothing behind here.
 *
 * Owns the number of free slots and the requests that wait, in their order.
 */
export class CallSlots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  /** @param calls maximum number of concurrent calls */
  constructor(calls: number) {
    this.#free = calls;
  }

  /** Number of requests that wait for a slot. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with true when the caller has a slot, and must {@link leave} it afterwards; with false when the signal aborts before. */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    return await new Promise((resolve) => {
      const onSlot = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(true);
      };
      const onAbort = (): void => {
        this.#waiting.delete(onSlot);
        resolve(false);
      };
      this.#waiting.add(onSlot);
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
