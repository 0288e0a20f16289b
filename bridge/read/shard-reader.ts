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
 * - S4: what keeps this shard from being read ends nothing here: it is told, and tried again, slowly, from the
 *   checkpoint. Whether the reader goes on with its other shards is the reader's affair (O3).
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
/** For what does not pass by itself. */
const SLOW_BACKOFF = { firstMs: 5000, maxMs: 60_000 };
/** How often it is looked whether all that was read has been taken over, before a shard is read again. */
const DRAINED_POLL_MS = 1000;
/** Failed reads in a row after which a source that is not available is told in the status. */
const MAX_FAILURES_LOGGED = 5;
/** Records after which other work of the process gets its turn. */
const RECORDS_PER_TURN = 256;

export interface ShardReaderOptions {
  readonly source: Source;
  readonly shard: ShardToRead;
  readonly routeRecord: RecordRouter;
  readonly dispatcher: Dispatcher;
  readonly budget: Budget;
  /** Turns at reading: one is held from before a page is read until all of it is let in. */
  readonly pages: Budget;
  /** Needed where the intake has data stored. */
  readonly claimWriter: ClaimWriter | undefined;
  /** Writes of data whose events have gone on. */
  readonly lateWrites: LateWrites;
  readonly keyWatch: KeyWatch;
  readonly meter?: ReadingMeter | undefined;
  readonly clock: Clock;
  /** ms since 1970, for what is told. */
  readonly wall: () => number;
  readonly random: () => number;
  readonly log: Logger;
  /** Aborts when reading shall stop. What was read before is still taken over. */
  readonly stop: AbortSignal;
  /** Called when the shard is finished. */
  readonly onFinished: () => void;
  /** Called when the shard cannot be read, where asking again soon is no use; not again before a page was read. */
  readonly onFailed: (shardId: string, error: unknown) => void;
}

/** A record that was let in. */
interface Held {
  /** What it takes of the budget. */
  bytes: number;
  /** Set while its data is being written though it goes on without it. */
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
    this.#cursor = source.openShard(shard.shardId, this.#place());
  }

  get finished(): boolean {
    return this.#ended && this.#tracker.drained;
  }

  /** True when the last try failed in a way that does not pass by itself. */
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

  /** Resolves when nothing more will be read: the shard has ended, or it was told to stop. */
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

  /** Returns when to take the next one. */
  async #takeTurn(): Promise<number> {
    const { clock, pages, source, stop } = this.#options;
    stop.throwIfAborted();
    if (this.#failing) {
      // Only then is the checkpoint the last position that was read, and nothing is sent twice.
      if (!this.#tracker.drained) return clock.now() + DRAINED_POLL_MS;
      this.#cursor = source.openShard(this.#shardId, this.#place());
    }
    // Pushed records are waited for without a turn: they may be long in coming.
    await this.#cursor.ready?.(stop);
    // A turn is given back between attempts, so that shards that cannot be read do not hold up the others.
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

  /** Reads a page and lets it in. Returns when to read the next one. */
  async #readPage(): Promise<number> {
    const { clock, stop, wall } = this.#options;
    const startedAt = clock.now();
    const askedAt = wall();
    const page = await this.#cursor.next(stop);
    stop.throwIfAborted();
    if (page.gap !== undefined) this.#noteGap(page.gap);
    await this.#letIn(page.records);
    this.#recover();
    this.#tally.page(page, askedAt, this.#tracker.newest);
    this.#ended = page.ended;
    // Its children do not wait for the store (O2).
    if (this.#ended) this.#options.lateWrites.giveUpAll(this.#shardId);
    this.#tellWhenFinished();
    return startedAt + this.#pollPace.after(page);
  }

  #place(): StartPoint {
    const { checkpoint } = this.#tracker;
    if (checkpoint === undefined) return this.#options.shard.start;
    const consumedUntil = this.#tally.consumedUntil(checkpoint);
    return { at: 'after', position: checkpoint, ...(consumedUntil === undefined ? {} : { consumedUntil }) };
  }

  /** Returns how long to wait before the next try. */
  #fail(error: unknown): number {
    const { log, onFailed, random, source } = this.#options;
    this.#failures += 1;
    if (error instanceof SourceUnavailableError) {
      if (this.#failures === 1) {
        log.warn({ err: error, shard: this.#shardId }, `${source.identity} cannot be read, trying again`);
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
    if (this.#failures > 0) log.info({ shard: this.#shardId }, `${source.identity} can be read again`);
    this.#failures = 0;
    this.#failing = false;
  }

  async #letIn(records: readonly SourceRecord[]): Promise<void> {
    const { budget, routeRecord, stop } = this.#options;
    for (const [index, record] of records.entries()) {
      if (index % RECORDS_PER_TURN === RECORDS_PER_TURN - 1) await nextTurn();
      const delivery = routeRecord(record);
      if (delivery === undefined) {
        this.#drop(record);
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

  /** What the filter drops is as good as taken over (O4). */
  #drop({ position }: SourceRecord): void {
    this.#tracker.done(this.#tracker.take(position));
    this.#tally.read += 1;
    this.#tally.filtered += 1;
  }

  #deliver({ toStore, ...delivery }: RoutedRecord, { position }: SourceRecord, bytes: number): void {
    const { budget, dispatcher, keyWatch } = this.#options;
    const ticket = this.#tracker.take(position);
    this.#tally.read += 1;
    if (delivery.to === 'lane') keyWatch.see(delivery.key, this.#shardId);
    else keyWatch.keyless(delivery.record.reason);
    const held: Held = { bytes };
    const done = (): void => {
      budget.release(held.bytes);
      this.#tracker.done(ticket);
      this.#tellWhenFinished();
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
   * Resolves with what to send when the data is in the store, or when that takes too long. Nothing holds the data when it
   * is in the store (O9). A function of its own, since the variables that one function's closures use live as long as any of
   * them: with `accepted` the data would wait for its lane.
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
    if (await claimWriter.inTime(written)) return delivery;
    held.late = late;
    void written.then(() => late.abort());
    return sourceOnly(delivery);
  }

  /** The event has been accepted without its data. The checkpoint waits for the data while that holds up nothing else. */
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

  #tellWhenFinished(): void {
    if (this.finished) this.#options.onFinished();
  }

  /** Records that are gone from the source must not be passed over silently (O10). */
  #noteGap(found: SourceGap): void {
    const { log, meter, source, wall } = this.#options;
    const gap = this.#tally.gap(found, wall());
    if (gap === undefined) return;
    log.error({ source: source.identity, shard: this.#shardId, gap }, gapText(gap, source));
    meter?.gap();
  }
}

function gapText({ shardId, after, until }: Gap, { kind }: Source): string {
  const from = after === undefined ? 'its beginning' : formatPosition(after);
  const to = until === undefined ? 'and it has none any more' : `and reading went on at ${formatPosition(until)}`;
  const longer = kind === 'kinesis' ? 'raise the retention of the stream, ' : '';
  return (
    `records of shard ${shardId} after ${from} were gone from the source before they were read, ${to}. Nothing brings ` +
    'them back here: what they said must be written to the source again. To read in time from now on, ' +
    `${longer}keep a bridge running and watch the time until loss in \`keylane status\``
  );
}
