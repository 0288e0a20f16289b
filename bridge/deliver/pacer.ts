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
 * - C4: in good times the server tells how many it makes use of (request-limit.ts).
 */
import { backoffMs } from '../../lib/pure/backoff.ts';
import { RequestLimit } from './request-limit.ts';

const BACKOFF = { firstMs: 100, maxMs: 5000 };

/** What was known when a request began. */
export interface Ticket {
  readonly falls: number;
  /** Before the lane's request failed that this one repeats, if it does. */
  readonly successes: number;
  /** ms */
  readonly startedAt: number;
  /** Requests, itself included. */
  readonly inFlight: number;
}

export interface PacerOptions {
  /** Requests in flight. */
  readonly max: number;
  /** ms, never runs backwards */
  readonly now: () => number;
  readonly random: () => number;
}

export class Pacer {
  readonly #max: number;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #limit: RequestLimit;
  /** After a fall. */
  #allowed: number;
  #resting = false;
  #falls = 0;
  #successes = 0;
  #fallsInARow = 0;

  constructor({ max, now, random }: PacerOptions) {
    this.#max = max;
    this.#allowed = max;
    this.#limit = new RequestLimit(max);
    this.#now = now;
    this.#random = random;
  }

  /** @param inFlight requests */
  mayBegin(inFlight: number): boolean {
    return !this.#resting && inFlight < Math.min(this.#allowed, this.#limit.limit);
  }

  /** Requests that were answered. */
  get successes(): number {
    return this.#successes;
  }

  /**
   * @param inFlight requests, this one included
   * @param since how many had been answered when the lane failed the time before
   */
  begin(inFlight: number, since = this.#successes): Ticket {
    return { falls: this.#falls, successes: since, startedAt: this.#now(), inFlight };
  }

  succeeded(ticket: Ticket): void {
    const { falls, startedAt, inFlight } = ticket;
    const now = this.#now();
    if (falls === this.#falls) this.#limit.answered({ ms: now - startedAt, inFlight }, now);
    this.refused(ticket);
  }

  /** The lane takes nothing for now. That is an answer, and quicker than that of one which does: it is no measure for others. */
  refused({ falls }: Ticket): void {
    this.#successes += 1;
    if (falls !== this.#falls) return;
    this.#fallsInARow = 0;
    this.#allowed = Math.min(this.#max, this.#allowed + 1);
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
