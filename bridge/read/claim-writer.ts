/**
 * Writes the data of large events to their store, before the events are delivered.
 *
 * Owns the writes in progress. Knows nothing about lanes: the dispatcher keeps the order.
 *
 * Invariants:
 * - claim-writer.W1: at most {@link MAX_CONCURRENT_WRITES} writes at a time, started in the order in which they were
 *   requested. A write that waits after a failure does not count.
 * - claim-writer.W2: a write that fails is repeated until it succeeds, is given up, or the reader stops; it never
 *   rejects (O4, O9).
 */
import { backoffMs } from '../../lib/pure/backoff.ts';
import { Budget } from './budget.ts';
import type { Clock } from '../../lib/node/clock.ts';
import type { OutageLog } from '../deliver/outage-log.ts';
import type { Claim } from '../../contracts/event/event.ts';
import type { Claims } from '../../stores/claims.ts';

const BACKOFF = { firstMs: 250, maxMs: 10_000 };
const MAX_CONCURRENT_WRITES = 8;
/** How long an event waits for its data to be stored. All later events of its pool wait with it. */
const GRACE_MS = 5000;

export interface ClaimWriterOptions {
  readonly claims: Pick<Claims, 'write'>;
  readonly outage: OutageLog;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborts when the reader stops writing. */
  readonly stop: AbortSignal;
}

export class ClaimWriter {
  readonly #options: ClaimWriterOptions;
  readonly #turns = new Budget({ records: MAX_CONCURRENT_WRITES, bytes: Infinity });
  /** True when a write did not finish in time since the last successful one. */
  #isSlow = false;

  constructor(options: ClaimWriterOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the data is stored durably; never after the stop, or when the write was given up.
   * @param givenUp aborts when the write is no longer awaited
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
   * Whether a write finishes so soon that its event can wait for it. During an outage of the store only the first event
   * waits: until a write succeeds, later events do not wait for theirs.
   */
  async finishesInTime(written: Promise<void>): Promise<boolean> {
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
