/**
 * Until when this reader was surely the reader of its shards, as server time: the stamp on every request (O6).
 *
 * A frozen reader, or one that lost its connection, may send records long after another one took over, to a lane that
 * has forgotten them since. The lane drops a request whose stamp lies well before the lane's memory begins. A wrong drop
 * would be a loss, so every doubt makes the stamp later:
 *
 *   stamp = server's start of this attempt + monotonic time from the attempt's begin to the last tick + heartbeat timeout
 *
 * Invariants:
 * - L1: no stamp before the server's start time is known, none for an attempt that the server no longer runs, none after
 *   a freeze.
 * - L2: the server is asked again when it has not confirmed the attempt for {@link CONFIRM_EVERY_MS}. A reader whose
 *   heartbeats stopped arriving while its requests still do, or do again, so stops long before a lane may forget a mark:
 *   that interval is well under the lanes' margin.
 * - L3: once lost, lost for good: `lost` is aborted before any stamp fails, so whoever listens stops first.
 */
import { CONFIRM_EVERY_MS } from '../../contracts/pipeline/lease.ts';
import type { Clock } from '../../lib/node/clock.ts';
import type { FreezeGuard, FreezeWatch } from '../../lib/node/freeze-watch.ts';
import { backoffMs } from '../../lib/pure/backoff.ts';

const BACKOFF = { firstMs: 200, maxMs: 2000 };

/** Thrown when the server runs another attempt of this reader, or none. Stop at once: somebody else has the shards. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** What the dispatcher needs of a lease. */
export interface Stamper {
  /** @throws when the lease is lost, or the reader stops before the server answered */
  stamp(): Promise<number>;
}

/**
 * Asks the server for the start of this attempt, ms since 1970; undefined when the server no longer runs it.
 * Rejects when the server cannot be asked.
 */
export type FindAttempt = (signal: AbortSignal) => Promise<number | undefined>;

export interface LeaseOptions {
  /** Names the reader in errors. */
  readonly reader: string;
  readonly find: FindAttempt;
  readonly freezeWatch: FreezeWatch;
  readonly heartbeatTimeoutMs: number;
  readonly clock: Clock;
  readonly random?: () => number;
  /** Told for every failed question in a row, with their number. */
  readonly onReadError?: (error: unknown, failures: number) => void;
}

/** To be made first of all when an attempt begins, and closed at its end. */
export class Lease implements Stamper {
  readonly #options: LeaseOptions;
  readonly #guard: FreezeGuard;
  readonly #begin: number;
  readonly #lost = new AbortController();
  readonly #closed = new AbortController();
  #startedAt: number | undefined;
  #confirmedAt = -Infinity;
  #confirming: Promise<void> | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#guard = options.freezeWatch.guard(options.heartbeatTimeoutMs);
    this.#begin = options.freezeWatch.lastTick;
    this.#guard.signal.addEventListener('abort', () => this.lose(this.#guard.signal.reason), { once: true });
  }

  /** Aborts, with the error as reason, when this process must no longer act as the reader. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async stamp(): Promise<number> {
    const { clock, freezeWatch, heartbeatTimeoutMs } = this.#options;
    this.check();
    if (this.#startedAt === undefined || clock.now() - this.#confirmedAt > CONFIRM_EVERY_MS) {
      this.#confirming ??= this.#confirm().finally(() => (this.#confirming = undefined));
      await this.#confirming;
    }
    this.check();
    return this.#startedAt! + (freezeWatch.lastTick - this.#begin) + heartbeatTimeoutMs;
  }

  /**
   * To be called before anything else that only the reader may do, too.
   * @throws when the lease is lost, also by a freeze that nobody has noticed yet
   */
  check(): void {
    this.#guard.check();
    this.#lost.signal.throwIfAborted();
  }

  /** For whoever learns elsewhere that this is no longer the reader. */
  lose(reason: Error): void {
    this.#lost.abort(reason);
  }

  close(): void {
    this.#closed.abort(new Error(`The reader ${this.#options.reader} has gone home.`));
    this.#guard.close();
  }

  async #confirm(): Promise<void> {
    const { clock, find, random = Math.random, onReadError, reader } = this.#options;
    const stop = AbortSignal.any([this.#lost.signal, this.#closed.signal]);
    for (let failures = 1; ; failures += 1) {
      stop.throwIfAborted();
      const askedAt = clock.now();
      try {
        const startedAt = await find(stop);
        if (startedAt === undefined) {
          this.lose(new LeaseLostError(`Temporal no longer runs this attempt of reader ${reader}: it stops here.`));
        } else {
          this.#startedAt = startedAt;
          this.#confirmedAt = askedAt;
        }
        return;
      } catch (error) {
        stop.throwIfAborted();
        onReadError?.(error, failures);
      }
      await clock.sleep(backoffMs(BACKOFF, failures, random), stop);
    }
  }
}
