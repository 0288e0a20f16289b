/** What the fake goes by for everything that AWS does in time: arrival, trimming, rolls, the age of iterators. */
export interface Clock {
  /** ms since 1970 */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Stands still until a test moves it. Nothing in the fake waits, so moving it wakes nobody: what is due is found due. */
export class VirtualClock implements Clock {
  #now: number;

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.set(this.#now + ms);
  }

  set(time: number): void {
    if (time < this.#now) throw new RangeError(`The clock is at ${this.#now} and cannot go back to ${time}`);
    this.#now = time;
  }
}
