/**
 * What a contender's handler does, and the proof that it was done rightly: each event of each key once, in order, one at
 * a time, and none behind a poison. Notes when each event was read and when it was done.
 *
 * Owns the counts. Invariant: a deviation stays; a run that has one has no figure.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { handleable, type Load, type LoadEvent } from './load.ts';
import type { Latency } from './messages.ts';

/** Thrown for an event that can never be handled. */
export class PoisonError extends Error {
  override readonly name = 'PoisonError';
}

export interface BookListener {
  /** The first record is read. */
  begun(): void;
  /** Everything that can be handled has been. */
  finished(): void;
}

const MAX_DEVIATIONS_LISTED = 5;

export class Book {
  readonly #load: Load;
  readonly #expected: ReadonlyMap<string, number>;
  readonly #done = new Map<string, number>();
  readonly #running = new Set<string>();
  readonly #readAt = new Map<string, number>();
  readonly #latencies: number[] = [];
  readonly #deviations: string[] = [];
  #handled = 0;
  #firstReadAt: number | undefined;
  #lastDoneAt = 0;
  readonly #listener: BookListener;
  readonly total: number;

  constructor(load: Load, listener: BookListener) {
    this.#load = load;
    this.#listener = listener;
    this.#expected = handleable(load);
    this.total = [...this.#expected.values()].reduce((sum, count) => sum + count, 0);
  }

  get handled(): number {
    return this.#handled;
  }

  get seconds(): number {
    return (this.#lastDoneAt - (this.#firstReadAt ?? 0)) / 1000;
  }

  get deviations(): readonly string[] {
    return this.#deviations.slice(0, MAX_DEVIATIONS_LISTED);
  }

  get latency(): Latency {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (quantile: number) => sorted[Math.floor(sorted.length * quantile)] ?? NaN;
    return { p50: at(0.5), p99: at(0.99) };
  }

  /** To be called by whatever reads the stream. */
  read({ key, n }: LoadEvent): void {
    const now = performance.now();
    if (this.#firstReadAt === undefined) {
      this.#firstReadAt = now;
      this.#listener.begun();
    }
    const id = `${key}:${n}`;
    if (!this.#readAt.has(id)) this.#readAt.set(id, now);
  }

  /** The handler. */
  async handle({ key, n, poison }: LoadEvent): Promise<void> {
    if (this.#running.has(key)) this.#deviations.push(`${key}: two events at once, one of them ${n}`);
    this.#running.add(key);
    try {
      const { handlerMs = 0 } = this.#load;
      if (handlerMs > 0) await delay(handlerMs);
      if (poison === true) throw new PoisonError(`${key}:${n} is poison`);
      this.#note(key, n);
    } finally {
      this.#running.delete(key);
    }
  }

  #note(key: string, n: number): void {
    const last = this.#done.get(key) ?? 0;
    if (n !== last + 1) this.#deviations.push(`${key}: ${n} after ${last}`);
    if (n > (this.#expected.get(key) ?? 0)) this.#deviations.push(`${key}: ${n} behind a poison`);
    this.#done.set(key, n);
    this.#handled += 1;
    this.#lastDoneAt = performance.now();
    const readAt = this.#load.warmsUp === true && n === 1 ? undefined : this.#readAt.get(`${key}:${n}`);
    if (readAt !== undefined) this.#latencies.push(this.#lastDoneAt - readAt);
    if (this.#handled === this.total) this.#listener.finished();
  }
}
