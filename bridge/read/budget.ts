/**
 * Bounds what a reader holds in memory: records and bytes that were read and that no lane has accepted yet (O9).
 *
 * Invariants:
 * - B1: nothing is let in beyond either limit, except one record when nothing else is held: however large, it must pass.
 * - B2: whoever asks first is let in first, so a large record is not passed by small ones for ever.
 */
export interface Amount {
  readonly records: number;
  readonly bytes: number;
}

interface Waiter {
  readonly bytes: number;
  readonly letIn: () => void;
}

export class Budget {
  readonly #limit: Amount;
  readonly #waiters = new Set<Waiter>();
  #records = 0;
  #bytes = 0;
  #max: Amount = { records: 0, bytes: 0 };

  constructor(limit: Amount) {
    this.#limit = limit;
  }

  get held(): Amount {
    return { records: this.#records, bytes: this.#bytes };
  }

  /** The most that was held at any time. */
  get highWater(): Amount {
    return this.#max;
  }

  /**
   * Waits until a record of so many bytes may be held.
   * @throws the signal's reason when it aborts first; nothing is held then
   */
  async acquire(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiters.size === 0 && this.#fits(bytes)) {
      this.#hold(bytes);
      return;
    }
    await this.#wait(bytes, signal);
  }

  release(bytes: number): void {
    this.#records -= 1;
    this.#bytes -= bytes;
    this.#letIn();
  }

  /** A record that is still held takes so many bytes less. */
  shrink(bytes: number): void {
    this.#bytes -= bytes;
    this.#letIn();
  }

  #letIn(): void {
    for (const waiter of this.#waiters) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiters.delete(waiter);
      this.#hold(waiter.bytes);
      waiter.letIn();
    }
  }

  async #wait(bytes: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiters.delete(waiter);
        reject(signal.reason as Error);
        this.#letIn();
      };
      const letIn = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const waiter: Waiter = { bytes, letIn };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #fits(bytes: number): boolean {
    if (this.#records === 0) return true;
    return this.#records < this.#limit.records && this.#bytes + bytes <= this.#limit.bytes;
  }

  #hold(bytes: number): void {
    this.#records += 1;
    this.#bytes += bytes;
    this.#max = {
      records: Math.max(this.#max.records, this.#records),
      bytes: Math.max(this.#max.bytes, this.#bytes),
    };
  }
}
