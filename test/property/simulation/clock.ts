import type { Clock } from '../../../lib/node/clock.ts';

interface Timer {
  readonly at: number;
  readonly number: number;
  readonly fire: () => void;
  off: boolean;
}

/** Turns of the event loop after which whatever needs no time has run: a chain of `setImmediate`s is two long at most. */
const TURNS = 3;

/** Virtual time, ms since 1970, for everything in a simulation. It moves from timer to timer. */
export class SimulatedClock implements Clock {
  #now: number;
  #timers = 0;
  /** A heap: the first is the earliest, and of those the oldest. */
  readonly #heap: Timer[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  /** Returns a function that takes the timer back. */
  after(ms: number, fire: () => void): () => void {
    this.#timers += 1;
    const timer = { at: this.#now + Math.max(0, ms), number: this.#timers, fire, off: false };
    this.#push(timer);
    return () => (timer.off = true);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.after(ms, wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** Moves on until `promise` has settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const done = { yet: false };
    const watched = promise.finally(() => (done.yet = true));
    watched.catch(() => {});
    for (let idle = 0; !done.yet;) {
      for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (done.yet) break;
      idle = this.#step() ? 0 : idle + 1;
      if (idle > 50) throw new Error('Nothing moves any more, and nobody waits for a time.');
    }
    return await watched;
  }

  #step(): boolean {
    for (let timer = this.#pop(); timer !== undefined; timer = this.#pop()) {
      if (timer.off) continue;
      this.#now = Math.max(this.#now, timer.at);
      timer.fire();
      return true;
    }
    return false;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at === b.at ? a.number < b.number : a.at < b.at;
}
