/**
 * How many requests a dispatcher may have in flight over all its lanes, and when it rests: what Temporal says to one
 * request may be meant for all of them.
 *
 * Invariants:
 * - C1: after a fall nobody sends for a while; then one request goes out, and each that succeeds lets one more go beside
 *   it. So an outage is met with one request now and then, and not with one for every lane (O9).
 * - C2: requests that were in flight together fall together, once.
 * - C3: a request that got no answer while others did, or since its lane had none the time before, says nothing of the
 *   others: its lane waits alone (O3).
 */
import { backoffMs } from './backoff.ts';

const BACKOFF = { firstMs: 100, mostMs: 5000 };

/** What was known when a request began. */
export interface Ticket {
  readonly falls: number;
  /** Before the lane's request failed that this one repeats, if it does. */
  readonly successes: number;
}

export class Pacer {
  readonly #most: number;
  readonly #random: () => number;
  #allowed: number;
  #resting = false;
  #falls = 0;
  #successes = 0;
  #fallsInARow = 0;

  constructor(most: number, random: () => number) {
    this.#most = most;
    this.#allowed = most;
    this.#random = random;
  }

  /** @param inFlight requests */
  mayBegin(inFlight: number): boolean {
    return !this.#resting && inFlight < this.#allowed;
  }

  /** Requests that were answered. */
  get successes(): number {
    return this.#successes;
  }

  /** @param since how many had been answered when the lane failed the time before */
  begin(since = this.#successes): Ticket {
    return { falls: this.#falls, successes: since };
  }

  succeeded({ falls }: Ticket): void {
    this.#successes += 1;
    if (falls !== this.#falls) return;
    this.#fallsInARow = 0;
    this.#allowed = Math.min(this.#most, this.#allowed + 1);
  }

  /**
   * A request was throttled, or Temporal was out of reach.
   * @returns how long everybody shall rest from now on, until {@link wake}; 0 when that has been said for this fall;
   * undefined when it concerns nobody else
   */
  failed(ticket: Ticket, isThrottled: boolean): number | undefined {
    if (ticket.falls !== this.#falls) return 0;
    if (!isThrottled && ticket.successes !== this.#successes) return undefined;
    this.#falls += 1;
    this.#fallsInARow += 1;
    this.#allowed = isThrottled ? Math.max(1, Math.floor(this.#allowed / 2)) : 1;
    this.#resting = true;
    return backoffMs(BACKOFF, this.#fallsInARow, this.#random);
  }

  wake(): void {
    this.#resting = false;
  }
}
