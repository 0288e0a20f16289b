/**
 * Writes the data of large events to their store, before the events are handed over.
 *
 * Owns the writes that are under way. Knows nothing of lanes: whoever hands over keeps the order.
 *
 * Invariants:
 * - W1: at most {@link WRITES_AT_ONCE} writes at a time, begun in the order in which they were asked for. One that waits
 *   after a failure is not among them.
 * - W2: a write that fails is repeated until it succeeds, is given up, or nothing more is to be written; it never rejects
 *   (O4, O9).
 */
import { backoffMs } from '../../lib/pure/backoff.ts';
import { Budget } from './budget.ts';
import type { Clock } from '../../lib/node/clock.ts';
import type { OutageLog } from '../deliver/outage-log.ts';
import type { Claim } from '../../contracts/event/event.ts';
import type { Claims } from '../../stores/claims.ts';

const BACKOFF = { firstMs: 250, maxMs: 10_000 };
const WRITES_AT_ONCE = 8;
/** How long an event waits for its data to be stored. All of its pool waits behind it. */
const GRACE_MS = 5000;

export interface ClaimWriterOptions {
  readonly claims: Pick<Claims, 'write'>;
  readonly outage: OutageLog;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborts when nothing more is to be written. */
  readonly stop: AbortSignal;
}

export class ClaimWriter {
  readonly #options: ClaimWriterOptions;
  readonly #turns = new Budget({ records: WRITES_AT_ONCE, bytes: Infinity });
  /** Since the last write that succeeded, one was not done in time. */
  #isSlow = false;

  constructor(options: ClaimWriterOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the data is there for good; never after the stop, or when it was given up.
   * @param givenUp aborts when nobody waits for it any more
   */
  async write(claim: Claim, bytes: Uint8Array, givenUp?: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const stop = givenUp === undefined ? this.#options.stop : AbortSignal.any([this.#options.stop, givenUp]);
    for (let failures = 0; !stop.aborted;) {
      if (await this.#try(claim, bytes, stop)) return;
      failures += 1;
      await clock.sleep(backoffMs(BACKOFF, failures, random), stop);
    }
    await new Promise<never>(() => {});
  }

  /**
   * Whether a write is done so soon that its event may wait for it. An outage of the store is waited for once, and not by
   * each event anew: until a write succeeds, further ones are not waited for.
   */
  async inTime(written: Promise<void>): Promise<boolean> {
    const { clock, stop } = this.#options;
    const over = new AbortController();
    const graceMs = this.#isSlow ? 0 : GRACE_MS;
    try {
      const tooLate = clock.sleep(graceMs, AbortSignal.any([stop, over.signal])).then(() => false);
      const isInTime = await Promise.race([written.then(() => true), tooLate]);
      if (!isInTime) this.#isSlow = true;
      return isInTime;
    } finally {
      over.abort();
    }
  }

  async #try(claim: Claim, bytes: Uint8Array, stop: AbortSignal): Promise<boolean> {
    const { claims, clock, outage } = this.#options;
    try {
      await this.#turns.acquire(0, stop);
    } catch {
      return false;
    }
    const startedAt = clock.now();
    try {
      await claims.write(claim, bytes, stop);
      outage.succeeded(clock.now());
      this.#isSlow = false;
      return !stop.aborted;
    } catch (error) {
      if (!stop.aborted) outage.failed(error, startedAt);
      return false;
    } finally {
      this.#turns.release(0);
    }
  }
}
