/**
 * Limits what a reader holds in memory: records and bytes that were read and that no lane has accepted yet (O9).
 *
 * Invariants:
 * - budget.B1: no record is admitted beyond either limit, except one when nothing else is held: it must be admitted
 *   however large it is.
 * - budget.B2: requests are admitted in their order, so small records cannot overtake a large one for ever.
 */
import { WaitingLine } from '../../lib/node/waiting-line.ts';

export interface Amount {
  readonly records: number;
  readonly bytes: number;
}

export class Budget {
  readonly #limit: Amount;
  /** The sizes of records that wait. */
  readonly #line = new WaitingLine<number>();
  #records = 0;
  #bytes = 0;
  #max: Amount = { records: 0, bytes: 0 };

  constructor(limit: Amount) {
    this.#limit = limit;
  }

  get held(): Amount {
    return { records: this.#records, bytes: this.#bytes };
  }

  /** The maximum that was held at any time. */
  get highWater(): Amount {
    return this.#max;
  }

  /**
   * Waits until a record of this size may be held.
   * @throws the signal's reason when it aborts first; nothing is held then
   */
  async acquire(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#line.length === 0 && this.#take(bytes)) return;
    await this.#line.wait(bytes, signal, () => this.#admit());
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
    this.#line.admit((bytes) => this.#take(bytes));
  }

  #take(bytes: number): boolean {
    const fits = this.#records < this.#limit.records && this.#bytes + bytes <= this.#limit.bytes;
    if (this.#records > 0 && !fits) return false;
    this.#records += 1;
    this.#bytes += bytes;
    this.#max = {
      records: Math.max(this.#max.records, this.#records),
      bytes: Math.max(this.#max.bytes, this.#bytes),
    };
    return true;
  }
}
