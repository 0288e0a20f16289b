/**
 * Writes the data of large events to their store, before the events are handed over.
 *
 * Owns the writes that are under way. Knows nothing of lanes: whoever hands over keeps the order.
 *
 * Invariants:
 * - W1: at most {@link WRITES_AT_ONCE} writes at a time, begun in the order in which they were asked for. One that waits
 *   after a failure is not among them.
 * - W2: a write that fails is repeated until it succeeds, or until nothing more is to be written; it never rejects (O4, O9).
 */
import { backoffMs } from './backoff.ts';
import { Budget } from './budget.ts';
import type { Clock } from './clock.ts';
import type { OutageLog } from './outage-log.ts';
import type { Claim } from '../contracts/event.ts';
import type { Claims } from '../stores/claims.ts';

const BACKOFF = { firstMs: 250, mostMs: 10_000 };
const WRITES_AT_ONCE = 8;

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

  constructor(options: ClaimWriterOptions) {
    this.#options = options;
  }

  /** Resolves when the data is there for good; never after the stop. */
  async write(claim: Claim, bytes: Uint8Array): Promise<void> {
    const { clock, random, stop } = this.#options;
    for (let failures = 0; !stop.aborted;) {
      if (await this.#try(claim, bytes)) return;
      failures += 1;
      await clock.sleep(backoffMs(BACKOFF, failures, random), stop);
    }
    await new Promise<never>(() => {});
  }

  async #try(claim: Claim, bytes: Uint8Array): Promise<boolean> {
    const { claims, clock, outage, stop } = this.#options;
    try {
      await this.#turns.acquire(0, stop);
    } catch {
      return false;
    }
    const begunAt = clock.now();
    try {
      await claims.write(claim, bytes, stop);
      outage.succeeded(clock.now());
      return !stop.aborted;
    } catch (error) {
      if (!stop.aborted) outage.failed(error, begunAt);
      return false;
    } finally {
      this.#turns.release(0);
    }
  }
}
