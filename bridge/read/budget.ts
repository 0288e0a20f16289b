/**
 * Limits what a reader holds in memory: records and bytes that were read and that no lane has accepted yet (O9).
 *
 * Invariants:
 * - budget.B1: no record is admitted beyond either limit, except one when nothing else is held: it must be admitted
 *   however large it is.
 * - budget.B2: requests are admitted in their order, so small records cannot overtake a large one for ever.
 */
export interface Amount {
  readonly records: number;
  readonly bytes: number;
}

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
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
   * Waits until a record of this size may be held.
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
    this.#admit();
  }

  /** Reduces the size of a record that is still held. */
  shrink(bytes: number): void {
    this.#bytes -= bytes;
    this.#admit();
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiters.delete(waiter);
      this.#hold(waiter.bytes);
      waiter.admit();
    }
  }

  async #wait(bytes: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiters.delete(waiter);
        reject(signal.reason as Error);
        this.#admit();
      };
      const admit = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const waiter: Waiter = { bytes, admit };
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
