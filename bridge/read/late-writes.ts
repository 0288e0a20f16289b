/**
 * Writes of data that are still in progress though the event was already sent without its data.
 *
 * Owns the set of writes that the checkpoint waits for, so that the next attempt of the reader writes what this one
 * could not (O4). They must not hold up reading, so the wait is bounded (O3, O9): when a write is given up, the data is
 * only in the source, and the lane fetches it from there.
 *
 * Invariant: the data of all awaited writes stays within the limit. The oldest write is given up first.
 */
import type { Amount } from './budget.ts';

export interface LateWrite {
  readonly shardId: string;
  readonly bytes: number;
  /** Called once, when the write is no longer awaited. */
  readonly giveUp: () => void;
}

export class LateWrites {
  readonly #limit: Amount;
  /** In the order in which they were added. */
  readonly #writes = new Set<LateWrite>();
  #bytes = 0;

  constructor(limit: Amount) {
    this.#limit = limit;
  }

  add(write: LateWrite): void {
    this.#writes.add(write);
    this.#bytes += write.bytes;
    for (const oldest of this.#writes) {
      if (this.#writes.size <= this.#limit.records && this.#bytes <= this.#limit.bytes) return;
      this.#giveUp(oldest);
    }
  }

  /** The data is in the store. */
  done(write: LateWrite): void {
    if (this.#writes.delete(write)) this.#bytes -= write.bytes;
  }

  /** @param shardId default: the writes of all shards */
  giveUpAll(shardId?: string): void {
    for (const write of this.#writes) {
      if (shardId === undefined || write.shardId === shardId) this.#giveUp(write);
    }
  }

  #giveUp(write: LateWrite): void {
    this.done(write);
    write.giveUp();
  }
}
