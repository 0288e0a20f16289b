/**
 * The server time until which this reader was certainly the reader of its shards: the stamp on every request (O6).
 *
 * A frozen reader, or one that lost its connection, may send records long after another reader replaced it, to a lane
 * that has forgotten them since. The lane drops a request whose stamp lies well before the start of the lane's memory.
 * Dropping a request wrongly would be a loss, so every uncertainty makes the stamp later:
 *
 *   stamp = server's start of this attempt + monotonic time from the attempt's start to the last tick + heartbeat
 *   timeout
 *
 * Invariants:
 * - lease.L1: no stamp before the server's start time is known, none for an attempt that the server no longer runs,
 *   none after a freeze.
 * - lease.L2: the server is asked again when it has not confirmed the attempt for {@link CONFIRM_EVERY_MS}. So a reader
 *   whose heartbeats stopped arriving while its requests still arrive stops long before a lane may forget a mark: that
 *   interval is well under the lanes' margin.
 * - lease.L3: a lost lease stays lost. `lost` is aborted before any stamp fails, so its listeners stop first.
 */
import { CONFIRM_EVERY_MS } from '../../contracts/pipeline/lease.ts';
import type { Clock } from '../../lib/node/clock.ts';
import type { FreezeGuard, FreezeWatch } from '../../lib/node/freeze-watch.ts';
import { backoffMs } from '../../lib/pure/backoff.ts';

const BACKOFF = { firstMs: 200, maxMs: 2000 };

/** Thrown when the server runs another attempt of this reader, or none. Stop at once: another reader has the shards. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** The part of a lease that the dispatcher needs. */
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
  /** Called for each failed question, with the number of failures in a row. */
  readonly onReadError?: (error: unknown, failures: number) => void;
}

/** Create it first of all when an attempt starts, and close it at the end of the attempt. */
export class Lease implements Stamper {
  readonly #options: LeaseOptions;
  readonly #guard: FreezeGuard;
  readonly #startTick: number;
  readonly #lost = new AbortController();
  readonly #closed = new AbortController();
  #startedAt: number | undefined;
  #confirmedAt = -Infinity;
  #confirming: Promise<void> | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#guard = options.freezeWatch.guard(options.heartbeatTimeoutMs);
    this.#startTick = options.freezeWatch.lastTick;
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
    return this.#startedAt! + (freezeWatch.lastTick - this.#startTick) + heartbeatTimeoutMs;
  }

  /**
   * Call this before any other action that only the rightful reader may take.
   * @throws when the lease is lost, also by a freeze that was not noticed before
   */
  check(): void {
    this.#guard.check();
    this.#lost.signal.throwIfAborted();
  }

  /** Call this when something else shows that this is no longer the reader. */
  lose(reason: Error): void {
    this.#lost.abort(reason);
  }

  close(): void {
    this.#closed.abort(new Error(`The reader ${this.#options.reader} has stopped.`));
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
