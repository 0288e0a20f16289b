/**
 * A fair semaphore for handler calls in this process. Unlike a queue of functions, a request that waits can be
 * withdrawn: the keys of a batch that has waited for too long go to another process, and leave nothing behind here.
 *
 * Owns the number of free slots.
 */
import { WaitingLine } from '../../lib/node/waiting-line.ts';

export class CallSlots {
  #free: number;
  readonly #line = new WaitingLine<undefined>();

  /** @param calls maximum number of concurrent calls */
  constructor(calls: number) {
    this.#free = calls;
  }

  /** Number of requests that wait for a slot. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Resolves with true when the caller has a slot, and must {@link leave} it afterwards; with false when the signal
   * aborts before.
   */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#take()) return true;
    return await this.#line.wait(undefined, signal).then(
      () => true,
      () => false,
    );
  }

  leave(): void {
    this.#free += 1;
    this.#line.admit(() => this.#take());
  }

  #take(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }
}
