/**
 * How many requests in flight a server makes good use of. Whatever goes beyond that waits in the server's queues: it makes
 * nothing faster, and takes the place of what workers have to say. The idea is that of TCP Vegas: a request that takes
 * longer than the quickest of late has waited for others, so of `n` in flight about `n * (1 - quickest / ms)` wait. While
 * those are few the limit grows, when they are many it shrinks; so it is wide for a server that is far away, and narrow for
 * one that is busy.
 *
 * Owns the limit. Invariants: it stays between {@link MIN} and the most that the settings allow; requests that the limit
 * did not hold back leave it alone.
 */

/** Requests that wait and keep the server busy; and those that are too many. */
const FEW = 3;
const MANY = 6;
const MIN = 4;
const FIRST = 8;
/** How much the latest answer counts among those before it. */
const WEIGHT = 0.1;
/** A server may have become slower for good: the quickest is sought anew, with half of the requests. */
const WINDOW_MS = 30_000;

export interface Answered {
  /** From sent to answered. */
  readonly ms: number;
  /** Requests in flight when it was sent, itself included. */
  readonly inFlight: number;
}

export class RequestLimit {
  readonly #max: number;
  readonly #min: number;
  #limit: number;
  /** Until it is first seen that too many wait, each answer lets one more go. */
  #isFinding = true;
  #quickest = Infinity;
  #smoothed: number | undefined;
  #windowEndsAt: number | undefined;

  /** @param most as the settings have it */
  constructor(max: number) {
    this.#max = max;
    this.#min = Math.min(MIN, max);
    this.#limit = Math.min(FIRST, max);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** @param now ms, never runs backwards */
  answered({ ms, inFlight }: Answered, now: number): void {
    this.#windowEndsAt ??= now + WINDOW_MS;
    if (now >= this.#windowEndsAt) this.#beginWindow(now);
    this.#quickest = Math.min(this.#quickest, ms);
    this.#smoothed = this.#smoothed === undefined ? ms : this.#smoothed + WEIGHT * (ms - this.#smoothed);
    if (inFlight < this.limit / 2) return;
    const waiting = this.#smoothed === 0 ? 0 : this.#limit * (1 - this.#quickest / this.#smoothed);
    if (waiting > MANY) {
      this.#isFinding = false;
      this.#limit = Math.max(this.#min, this.#limit - 1 / this.#limit);
    } else if (waiting < FEW) {
      this.#limit = Math.min(this.#max, this.#limit + (this.#isFinding ? 1 : 1 / this.#limit));
    }
  }

  #beginWindow(now: number): void {
    this.#windowEndsAt = now + WINDOW_MS;
    this.#quickest = Infinity;
    this.#smoothed = undefined;
    this.#isFinding = true;
    this.#limit = Math.max(this.#min, this.#limit / 2);
  }
}
