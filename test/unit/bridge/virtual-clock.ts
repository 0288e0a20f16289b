import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../lib/node/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that moves only when a test says so. */
export class VirtualClock implements Clock {
  #now = 1000;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { at: this.#now + ms, wake };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** Lets everything run that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
  }

  /** Moves on by `ms`, waking every sleeper at its time. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (let next = this.#first(); next !== undefined && next.at <= end; next = this.#first()) {
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await this.settle();
    }
    this.#now = end;
  }

  /** Moves on, from sleeper to sleeper, until `promise` has settled; fails when nobody sleeps and nothing moves. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const done = { yet: false };
    const watched = promise.finally(() => (done.yet = true));
    watched.catch(() => {});
    for (let idle = 0; !done.yet;) {
      await this.settle();
      const next = this.#first();
      if (done.yet) break;
      if (next === undefined) {
        idle += 1;
        if (idle > 100) throw new Error('Nothing moves any more, and nobody sleeps.');
        continue;
      }
      idle = 0;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    return await watched;
  }

  get sleepers(): number {
    return this.#sleepers.size;
  }

  #first(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (first === undefined || sleeper.at < first.at) first = sleeper;
    return first;
  }
}
