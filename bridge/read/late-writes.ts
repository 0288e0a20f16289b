/**
 * Data that is still being written to its store while its event has gone on without it.
 *
 * Owns which of these writes are waited for. The checkpoint waits for them, so that the next attempt of the reader writes
 * what this one could not (O4). None of it may hold up reading, so the wait has bounds (O3, O9): whatever is given up has
 * its data in the source alone, and its lane fetches it from there.
 *
 * Invariant: all data that is waited for stays within the limit. The oldest write is given up first.
 */
import type { Amount } from './budget.ts';

export interface LateWrite {
  readonly shardId: string;
  readonly bytes: number;
  /** Called once, when the write is no longer waited for. */
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

  /** @param shardId those of all shards, when none is named */
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
