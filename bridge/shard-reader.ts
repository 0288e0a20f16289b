/**
 * Reads one shard forwards and hands its records over, until it is told to stop or the shard has ended.
 *
 * Owns the shard's cursor, its pace and its checkpoint. The budget, the turns at reading and the dispatcher are shared
 * with the other shards of the reader.
 *
 * Invariants:
 * - S1: every record that was read is noted in the tracker, in order, before it is handed over, and is done only when a
 *   lane or the quarantine has accepted it (O4).
 * - S2: finished means that the page that ended the shard was read and everything was taken over: then, and only then,
 *   may its children be read (O2).
 * - S3: a page's records are let in one by one, and only a few shards hold a page that is not let in yet, so memory stays
 *   bounded while Temporal does not accept (O9).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ShardProgress, StartPoint } from '../contracts/pipeline.ts';
import { formatPosition } from '../contracts/position.ts';
import { SourceUnavailableError } from '../sources/errors.ts';
import type { Page, ShardCursor, Source, SourceRecord } from '../sources/source.ts';
import { backoffMs } from './backoff.ts';
import type { Budget } from './budget.ts';
import { CheckpointTracker } from './checkpoint-tracker.ts';
import type { Clock } from './clock.ts';
import type { Dispatcher } from './dispatcher.ts';
import { encodedSize } from './encoded-size.ts';
import type { Intake } from './intake.ts';

const BACKOFF = { firstMs: 250, mostMs: 10_000 };
/** Records after which other work of the process gets its turn. */
const RECORDS_PER_TURN = 256;

export interface ShardReaderOptions {
  readonly source: Source;
  readonly shardId: string;
  readonly start: StartPoint;
  readonly intake: Intake;
  readonly dispatcher: Dispatcher;
  readonly budget: Budget;
  /** Turns at reading: one is held from before a page is read until all of it is let in. */
  readonly pages: Budget;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Aborts when reading shall stop. What was read before is still taken over. */
  readonly stop: AbortSignal;
  /** Called when the shard is finished. */
  readonly onFinished: () => void;
}

export class ShardReader {
  readonly #options: ShardReaderOptions;
  readonly #cursor: ShardCursor;
  readonly #tracker: CheckpointTracker;
  #ended = false;
  /** Reads in a row that failed. */
  #failures = 0;
  #lagMs: number | undefined;
  #read = 0;
  #taken = 0;
  #quarantined = 0;

  constructor(options: ShardReaderOptions) {
    const { source, shardId, start } = options;
    this.#options = options;
    this.#cursor = source.openShard(shardId, start);
    this.#tracker = new CheckpointTracker(start.at === 'after' ? start.position : undefined);
  }

  get finished(): boolean {
    return this.#ended && this.#tracker.drained;
  }

  get progress(): ShardProgress {
    const { checkpoint } = this.#tracker;
    return {
      ...(checkpoint === undefined ? {} : { checkpoint }),
      finished: this.finished,
      ...(this.#lagMs === undefined ? {} : { lagMs: this.#lagMs }),
      read: this.#read,
      taken: this.#taken,
      quarantined: this.#quarantined,
    };
  }

  /**
   * Resolves when nothing more will be read: the shard has ended, or it was told to stop.
   * @throws {SourceError} what the source says when asking again is no use
   */
  async run(): Promise<void> {
    const { clock, stop } = this.#options;
    try {
      for (;;) {
        const nextAt = await this.#takeTurn();
        if (this.#ended) return;
        await clock.sleep(Math.max(0, nextAt - clock.now()), stop);
      }
    } catch (error) {
      // Whatever was in progress broke off because it was told to.
      if (!stop.aborted) throw error;
    }
  }

  /** Reads a page and lets it in. Returns when to read the next one. */
  async #takeTurn(): Promise<number> {
    const { clock, pages, source, stop } = this.#options;
    await pages.acquire(0, stop);
    try {
      const begunAt = clock.now();
      const page = await this.#nextPage();
      // A turn is given back between attempts, so that shards that cannot be read do not hold up the others.
      if (page === undefined) return clock.now() + backoffMs(BACKOFF, this.#failures, this.#options.random);
      if (page.gap !== undefined) this.#tellGap(page.gap);
      await this.#letIn(page.records);
      this.#lagMs = page.lagMs;
      this.#ended = page.ended;
      this.#tellWhenFinished();
      const { minIntervalMs, idleIntervalMs } = source.pace;
      return begunAt + (page.records.length === 0 ? Math.max(minIntervalMs, idleIntervalMs) : minIntervalMs);
    } finally {
      pages.release(0);
    }
  }

  /** Undefined when the source cannot be read just now. */
  async #nextPage(): Promise<Page | undefined> {
    const { log, shardId, source, stop } = this.#options;
    try {
      const page = await this.#cursor.next(stop);
      stop.throwIfAborted();
      if (this.#failures > 0) log.info({ shard: shardId }, `${source.identity} can be read again`);
      this.#failures = 0;
      return page;
    } catch (error) {
      stop.throwIfAborted();
      if (!(error instanceof SourceUnavailableError)) throw error;
      this.#failures += 1;
      if (this.#failures === 1) {
        log.warn({ err: error, shard: shardId }, `${source.identity} cannot be read, trying again`);
      }
      return undefined;
    }
  }

  async #letIn(records: readonly SourceRecord[]): Promise<void> {
    const { budget, intake, stop } = this.#options;
    for (const [index, record] of records.entries()) {
      if (index % RECORDS_PER_TURN === RECORDS_PER_TURN - 1) await nextTurn();
      const handover = intake(record);
      const bytes = encodedSize(handover);
      await budget.acquire(bytes, stop);
      this.#handOver(handover, bytes);
    }
  }

  #handOver(handover: ReturnType<Intake>, bytes: number): void {
    const { budget, dispatcher } = this.#options;
    const { position } = handover.to === 'lane' ? handover.event : handover.record;
    const ticket = this.#tracker.take(position);
    this.#read += 1;
    dispatcher.submit(handover, () => {
      if (handover.to === 'lane') this.#taken += 1;
      else this.#quarantined += 1;
      budget.release(bytes);
      this.#tracker.done(ticket);
      this.#tellWhenFinished();
    });
  }

  #tellWhenFinished(): void {
    if (this.finished) this.#options.onFinished();
  }

  /** Records that are gone from the source must not be passed over silently (O10). */
  #tellGap(gap: NonNullable<Page['gap']>): void {
    const { log, shardId, source } = this.#options;
    const after = gap.after === undefined ? 'its beginning' : formatPosition(gap.after);
    log.error(
      { shard: shardId, source: source.identity, after: gap.after },
      `records of shard ${shardId} after ${after} were gone from the source before they were read`,
    );
  }
}
