/**
 * Finds how many requests in flight a server makes good use of. More requests than that wait in the server's queues:
 * they make nothing faster and delay the requests of workers. The idea is that of TCP Vegas: a request that takes
 * longer than the quickest recent one has waited for others, so of `n` in flight about `n * (1 - quickest / ms)` wait.
 * While few wait the limit grows, when many wait it shrinks; so it is high for a server that is far away, and low for
 * one that is busy.
 *
 * Owns the limit. Invariants: it stays between {@link MIN} and the maximum in the settings; requests sent while the
 * limit is not in use do not change it.
 */

/** Numbers of waiting requests: few enough to raise the limit, and so many that it is lowered. */
const FEW = 3;
const MANY = 6;
const MIN = 4;
const FIRST = 8;
/** Weight of the latest response time in the moving average. */
const WEIGHT = 0.1;
/**
 * A server may have become slower for good: after this time the quickest response is measured anew, with half of the
 * requests.
 */
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
  /** Until too many requests wait for the first time, each answer raises the limit by one. */
  #isSearching = true;
  #quickest = Infinity;
  #smoothed: number | undefined;
  #windowEndsAt: number | undefined;

  /** @param max as in the settings */
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
    if (now >= this.#windowEndsAt) this.#startWindow(now);
    this.#quickest = Math.min(this.#quickest, ms);
    this.#smoothed = this.#smoothed === undefined ? ms : this.#smoothed + WEIGHT * (ms - this.#smoothed);
    if (inFlight < this.limit / 2) return;
    const waiting = this.#smoothed === 0 ? 0 : this.#limit * (1 - this.#quickest / this.#smoothed);
    if (waiting > MANY) {
      this.#isSearching = false;
      this.#limit = Math.max(this.#min, this.#limit - 1 / this.#limit);
    } else if (waiting < FEW) {
      this.#limit = Math.min(this.#max, this.#limit + (this.#isSearching ? 1 : 1 / this.#limit));
    }
  }

  #startWindow(now: number): void {
    this.#windowEndsAt = now + WINDOW_MS;
    this.#quickest = Infinity;
    this.#smoothed = undefined;
    this.#isSearching = true;
    this.#limit = Math.max(this.#min, this.#limit / 2);
  }
}
