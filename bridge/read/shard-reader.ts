/**
 * Reads one shard forwards and submits its records to the dispatcher, until it is stopped or the shard has ended.
 *
 * Owns the shard's cursor, its pace and its checkpoint. The budget, the turns at reading and the dispatcher are shared
 * with the other shards of the reader.
 *
 * Invariants:
 * - shard-reader.S1: every record that was read is added to the tracker, in order, before it is submitted, and is done
 *   only when a lane or the quarantine has accepted it (O4).
 * - shard-reader.S2: finished means that the page that ended the shard was read and everything was accepted: then, and
 *   only then, may its children be read (O2).
 * - shard-reader.S3: the records of a page are admitted one by one, and only a few shards hold a page that is not
 *   admitted yet, so memory stays bounded while Temporal does not accept (O9).
 * - shard-reader.S4: an error that keeps this shard from being read ends nothing here: it is reported, and reading is
 *   retried, slowly, from the checkpoint. The reader decides whether its other shards are read on (O3).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Gap } from '../../contracts/pipeline/state.ts';
import type { ShardProgress, ShardToRead } from '../../contracts/pipeline/reading.ts';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import { SourceUnavailableError } from '../../sources/errors.ts';
import type { ShardCursor, Source, SourceGap, SourceRecord } from '../../sources/source.ts';
import { backoffMs } from '../../lib/pure/backoff.ts';
import type { Budget } from './budget.ts';
import { CheckpointTracker } from './checkpoint-tracker.ts';
import type { Clock } from '../../lib/node/clock.ts';
import type { Dispatcher } from '../deliver/dispatcher.ts';
import { encodedSize } from '../deliver/encoded-size.ts';
import type { ClaimWriter } from './claim-writer.ts';
import type { RecordRouter, RoutedRecord } from './route-record.ts';
import type { KeyWatch } from '../watch/key-watch.ts';
import type { Delivery } from '../deliver/gateway.ts';
import type { LateWrites } from './late-writes.ts';
import { PollPace } from './poll-pace.ts';
import type { ReadingMeter } from './reading-meter.ts';
import { ShardTally } from './shard-progress.ts';
import { sourceOnly } from './source-only.ts';

const BACKOFF = { firstMs: 250, maxMs: 10_000 };
/** For errors that do not go away by themselves. */
const SLOW_BACKOFF = { firstMs: 5000, maxMs: 60_000 };
/** Interval of checks whether everything that was read has been accepted, before a failing shard is read again. */
const DRAINED_POLL_MS = 1000;
/** Failed reads in a row after which the status shows that the source is unavailable. */
const MAX_FAILURES_LOGGED = 5;
/** Records after which the event loop may run other work of the process. */
const RECORDS_PER_TURN = 256;

export interface ShardReaderOptions {
  readonly source: Source;
  readonly shard: ShardToRead;
  readonly routeRecord: RecordRouter;
  readonly dispatcher: Dispatcher;
  readonly budget: Budget;
  /** Turns at reading: a shard holds one from before a page is read until all of it is admitted. */
  readonly pages: Budget;
  /** Needed when the router names data to store. */
  readonly claimWriter: ClaimWriter | undefined;
  /** Writes of data whose events were already sent. */
  readonly lateWrites: LateWrites;
  readonly keyWatch: KeyWatch;
  readonly meter?: ReadingMeter | undefined;
  readonly clock: Clock;
  /** ms since 1970, for reports. */
  readonly wall: () => number;
  readonly random: () => number;
  readonly log: Logger;
  /** Aborts when reading must stop. Records that were read before are still delivered. */
  readonly stop: AbortSignal;
  /** Called when the shard is finished. */
  readonly onFinished: () => void;
  /** Called when the shard cannot be read and retrying soon is pointless; not again before a page was read. */
  readonly onFailed: (shardId: string, error: unknown) => void;
}

/** A record that was admitted to the budget. */
interface Held {
  /** Its share of the budget. */
  bytes: number;
  /** Set while its data is still being written though the event is sent without it. */
  late?: AbortController;
}

export class ShardReader {
  readonly #options: ShardReaderOptions;
  readonly #shardId: string;
  readonly #tracker: CheckpointTracker;
  readonly #tally: ShardTally;
  readonly #pollPace: PollPace;
  #cursor: ShardCursor;
  #ended = false;
  /** Reads in a row that failed. */
  #failures = 0;
  #failing = false;

  constructor(options: ShardReaderOptions) {
    const { random, shard, source } = options;
    this.#options = options;
    this.#shardId = shard.shardId;
    this.#tracker = new CheckpointTracker(shard.start.at === 'after' ? shard.start.position : undefined);
    this.#tally = new ShardTally(shard);
    this.#pollPace = new PollPace(source.pace, random);
    this.#cursor = source.openShard(shard.shardId, this.#startPoint());
  }

  get finished(): boolean {
    return this.#ended && this.#tracker.drained;
  }

  /** True when the last read failed with an error that does not go away by itself. */
  get failing(): boolean {
    return this.#failing;
  }

  get progress(): ShardProgress {
    const { checkpoint } = this.#tracker;
    return {
      ...(checkpoint === undefined ? {} : { checkpoint }),
      finished: this.finished,
      ...this.#tally.progress(checkpoint),
    };
  }

  /** Resolves when nothing more will be read: the shard has ended, or reading was stopped. */
  async run(): Promise<void> {
    const { clock, stop } = this.#options;
    try {
      for (;;) {
        const nextAt = await this.#takeTurn();
        if (this.#ended) return;
        await clock.sleep(Math.max(0, nextAt - clock.now()), stop);
      }
    } catch (error) {
      // After a stop, whatever was in progress was interrupted by it.
      if (!stop.aborted) throw error;
    }
  }

  /** Returns when to take the next turn. */
  async #takeTurn(): Promise<number> {
    const { clock, pages, source, stop } = this.#options;
    stop.throwIfAborted();
    if (this.#failing) {
      // Once drained, the checkpoint is the last position that was read, so nothing is sent twice.
      if (!this.#tracker.drained) return clock.now() + DRAINED_POLL_MS;
      this.#cursor = source.openShard(this.#shardId, this.#startPoint());
    }
    // Pushed records are awaited without a turn: they may take long to arrive.
    await this.#cursor.ready?.(stop);
    // A turn is released between attempts, so that shards that cannot be read do not hold up the others.
    await pages.acquire(0, stop);
    try {
      return await this.#readPage();
    } catch (error) {
      stop.throwIfAborted();
      return clock.now() + this.#fail(error);
    } finally {
      pages.release(0);
    }
  }

  /** Reads a page and admits its records. Returns when to read the next page. */
  async #readPage(): Promise<number> {
    const { clock, stop, wall } = this.#options;
    const startedAt = clock.now();
    const askedAt = wall();
    const page = await this.#cursor.next(stop);
    stop.throwIfAborted();
    if (page.gap !== undefined) this.#reportGap(page.gap);
    await this.#admitAll(page.records);
    this.#recover();
    this.#tally.page(page, askedAt, this.#tracker.newest);
    this.#ended = page.ended;
    // Its children do not wait for the store (O2).
    if (this.#ended) this.#options.lateWrites.giveUpAll(this.#shardId);
    this.#notifyWhenFinished();
    return startedAt + this.#pollPace.after(page);
  }

  #startPoint(): StartPoint {
    const { checkpoint } = this.#tracker;
    if (checkpoint === undefined) return this.#options.shard.start;
    const consumedUntil = this.#tally.consumedUntil(checkpoint);
    return { at: 'after', position: checkpoint, ...(consumedUntil === undefined ? {} : { consumedUntil }) };
  }

  /** Returns how long to wait before the next attempt. */
  #fail(error: unknown): number {
    const { log, onFailed, random, source } = this.#options;
    this.#failures += 1;
    if (error instanceof SourceUnavailableError) {
      if (this.#failures === 1) {
        log.warn({ err: error, shard: this.#shardId }, `Cannot read ${source.identity}, retrying`);
      }
      if (this.#failures >= MAX_FAILURES_LOGGED) this.#tally.readError(error);
      return backoffMs(BACKOFF, this.#failures, random);
    }
    this.#tally.readError(error);
    const isNew = !this.#failing;
    this.#failing = true;
    if (isNew) onFailed(this.#shardId, error);
    return backoffMs(SLOW_BACKOFF, this.#failures, random);
  }

  #recover(): void {
    const { log, source } = this.#options;
    if (this.#failures > 0) log.info({ shard: this.#shardId }, `Reading ${source.identity} again`);
    this.#failures = 0;
    this.#failing = false;
  }

  async #admitAll(records: readonly SourceRecord[]): Promise<void> {
    const { budget, routeRecord, stop } = this.#options;
    for (const [index, record] of records.entries()) {
      if (index % RECORDS_PER_TURN === RECORDS_PER_TURN - 1) await nextTurn();
      const delivery = routeRecord(record);
      if (delivery === undefined) {
        this.#countFiltered(record);
        continue;
      }
      const bytes = encodedSize(delivery) + (delivery.toStore?.bytes.byteLength ?? 0);
      await budget.acquire(bytes, stop);
      try {
        this.#deliver(delivery, record, bytes);
      } catch (error) {
        budget.release(bytes);
        throw error;
      }
    }
  }

  /** Filtered records count as delivered (O4). */
  #countFiltered({ position }: SourceRecord): void {
    this.#tracker.done(this.#tracker.take(position));
    this.#tally.read += 1;
    this.#tally.filtered += 1;
  }

  #deliver({ toStore, ...delivery }: RoutedRecord, { position }: SourceRecord, bytes: number): void {
    const { budget, dispatcher, keyWatch } = this.#options;
    const tracked = this.#tracker.take(position);
    this.#tally.read += 1;
    if (delivery.to === 'lane') keyWatch.recordKey(delivery.key, this.#shardId);
    else keyWatch.recordWithoutKey(delivery.record.reason);
    const held: Held = { bytes };
    const done = (): void => {
      budget.release(held.bytes);
      this.#tracker.done(tracked);
      this.#notifyWhenFinished();
    };
    const accepted = (): void => {
      if (delivery.to === 'lane') this.#tally.taken += 1;
      else this.#tally.quarantined += 1;
      if (held.late === undefined) done();
      else this.#awaitLateWrite(held, held.late, done);
    };
    dispatcher.submit(delivery, accepted, toStore && this.#store(delivery, toStore, held));
  }

  /**
   * Resolves with what to send when the data is in the store, or when that takes too long. The data is not referenced
   * any more once it is in the store (O9). This is a separate function because all closures of one function keep its
   * variables alive: together with `accepted` the data would stay in memory until its lane accepts.
   */
  async #store(
    delivery: Delivery,
    { bytes, claim }: NonNullable<RoutedRecord['toStore']>,
    held: Held,
  ): Promise<Delivery> {
    const { budget, claimWriter } = this.#options;
    if (claimWriter === undefined) throw new Error(`There is no store for ${claim.name}`);
    const size = bytes.byteLength;
    const late = new AbortController();
    const written = claimWriter.write(claim, bytes, late.signal).then(() => {
      held.bytes -= size;
      budget.shrink(size);
    });
    if (await claimWriter.finishesInTime(written)) return delivery;
    held.late = late;
    void written.then(() => late.abort());
    return sourceOnly(delivery);
  }

  /**
   * The event was accepted without its data. The checkpoint waits for the data as long as that holds up nothing else.
   */
  #awaitLateWrite(held: Held, late: AbortController, done: () => void): void {
    const { lateWrites, stop } = this.#options;
    if (late.signal.aborted) {
      done();
      return;
    }
    const write = { shardId: this.#shardId, bytes: held.bytes, giveUp: () => late.abort() };
    late.signal.addEventListener(
      'abort',
      () => {
        lateWrites.done(write);
        done();
      },
      { once: true },
    );
    if (this.#ended || stop.aborted) write.giveUp();
    else lateWrites.add(write);
  }

  #notifyWhenFinished(): void {
    if (this.finished) this.#options.onFinished();
  }

  /** Records that are gone from the source must not be skipped silently (O10). */
  #reportGap(found: SourceGap): void {
    const { log, meter, source, wall } = this.#options;
    const gap = this.#tally.gap(found, wall());
    if (gap === undefined) return;
    log.error({ source: source.identity, shard: this.#shardId, gap }, gapText(gap, source));
    meter?.gap();
  }
}

function gapText({ shardId, after, until }: Gap, { kind }: Source): string {
  const from = after === undefined ? 'its beginning' : formatPosition(after);
  const to =
    until === undefined ? 'and it has no records any more' : `and reading continued at ${formatPosition(until)}`;
  const longer = kind === 'kinesis' ? 'raise the retention of the stream, ' : '';
  return (
    `Records of shard ${shardId} after ${from} were gone from the source before they were read, ${to}. They cannot be ` +
    'recovered: write their content to the source again if it is needed. To read in time from now on, ' +
    `${longer}keep a bridge running and watch the time until loss in \`keylane status\``
  );
}
