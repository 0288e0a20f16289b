/**
 * Decides how many requests a dispatcher may have in flight over all its lanes, and when it pauses: an error of one
 * request may apply to all of them. A failure that applies to all is called a back-off.
 *
 * Invariants:
 * - pacer.C1: after a back-off no queue sends for a while; then one request is sent, and each success allows one more
 *   at a time. So during an outage one request is sent now and then, and not one for every lane (O9).
 * - pacer.C2: requests that were in flight at the same time cause one back-off, not several.
 * - pacer.C3: a request without an answer, while others were answered during it or since its lane failed before, says
 *   nothing about the others: its lane waits alone (O3).
 * - pacer.C4: without errors, response times tell how many requests the server can use (request-limit.ts).
 */
import { backoffMs } from '../../lib/pure/backoff.ts';
import { RequestLimit } from './request-limit.ts';

const BACKOFF = { firstMs: 100, maxMs: 5000 };

/** What was known when a request was sent. */
export interface SentRequest {
  readonly backOffs: number;
  /** Requests that were answered before: before the failure of the request that this one repeats, if it repeats one. */
  readonly successes: number;
  /** ms */
  readonly startedAt: number;
  /** Requests in flight, itself included. */
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
  /** The limit that a back-off sets and successes raise again. */
  #allowed: number;
  #isPaused = false;
  #backOffs = 0;
  #successes = 0;
  #backOffsInARow = 0;

  constructor({ max, now, random }: PacerOptions) {
    this.#max = max;
    this.#allowed = max;
    this.#limit = new RequestLimit(max);
    this.#now = now;
    this.#random = random;
  }

  /** @param inFlight requests */
  maySend(inFlight: number): boolean {
    return !this.#isPaused && inFlight < Math.min(this.#allowed, this.#limit.limit);
  }

  /** Number of requests that were answered. */
  get successes(): number {
    return this.#successes;
  }

  /**
   * @param inFlight requests, this one included
   * @param since how many requests had been answered when the lane's previous request failed
   */
  start(inFlight: number, since = this.#successes): SentRequest {
    return { backOffs: this.#backOffs, successes: since, startedAt: this.#now(), inFlight };
  }

  succeeded(sentRequest: SentRequest): void {
    const { backOffs, startedAt, inFlight } = sentRequest;
    const now = this.#now();
    if (backOffs === this.#backOffs) this.#limit.answered({ ms: now - startedAt, inFlight }, now);
    this.rejected(sentRequest);
  }

  /**
   * The lane rejected the request. That is an answer, but a quicker one than an acceptance, so its time is not
   * measured.
   */
  rejected({ backOffs }: SentRequest): void {
    this.#successes += 1;
    if (backOffs !== this.#backOffs) return;
    this.#backOffsInARow = 0;
    this.#allowed = Math.min(this.#max, this.#allowed + 1);
  }

  /**
   * A request was throttled, or Temporal was out of reach.
   * @returns how long all queues pause from now on, until {@link resume}; 0 when this back-off has been counted before;
   * undefined when the failure concerns this lane only
   */
  failed(sentRequest: SentRequest, isThrottled: boolean): number | undefined {
    if (sentRequest.backOffs !== this.#backOffs) return 0;
    if (!isThrottled && sentRequest.successes !== this.#successes) return undefined;
    this.#backOffs += 1;
    this.#backOffsInARow += 1;
    this.#allowed = isThrottled ? Math.max(1, Math.floor(this.#allowed / 2)) : 1;
    this.#isPaused = true;
    return backoffMs(BACKOFF, this.#backOffsInARow, this.#random);
  }

  resume(): void {
    this.#isPaused = false;
  }
}
