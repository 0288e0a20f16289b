/**
 * Reads a set of shards for one reading period, and returns how far each of them was accepted.
 *
 * Owns the budget, the dispatcher and the shard readers of its set. Knows nothing about Temporal: the gateway to lanes,
 * the lease and the heartbeat are passed in.
 *
 * Invariants:
 * - reader.R1: it returns when its period is over, a shard has finished (also in an earlier attempt), no shard can be
 *   read, or it is asked to stop: it stops reading first, then waits until lanes have accepted what it has read, so that
 *   the checkpoints are exact and the next reader sends nothing twice. Records that no lane accepts in that time are
 *   read again by the next reader (O4).
 * - reader.R2: when its lease is lost it sends nothing more, waits for nothing, and throws (O6).
 * - reader.R3: a shard that cannot be read is named in the reports, and the others are read on (O3). The reader fails
 *   when none of its shards can be read, but never when one has finished: that would keep the children of that shard
 *   waiting (O2).
 * - reader.R4: what it holds in memory stays within the budget, whatever lanes and source do (O9).
 */
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { ReaderReport, ShardProgress, ShardToRead } from '../../contracts/pipeline/reading.ts';
import type { ReadingSettings } from '../../settings/settings.ts';
import type { Source } from '../../sources/source.ts';
import { Budget, type Amount } from './budget.ts';
import type { Clock } from '../../lib/node/clock.ts';
import { ClaimWriter, type ClaimWriterOptions } from './claim-writer.ts';
import { Dispatcher } from '../deliver/dispatcher.ts';
import type { RecordRouter } from './route-record.ts';
import { KeyWatch } from '../watch/key-watch.ts';
import type { LaneGateway } from '../deliver/gateway.ts';
import { LateWrites } from './late-writes.ts';
import type { Stamper } from '../lease/lease.ts';
import type { LossWatch } from '../watch/loss-watch.ts';
import type { ReaderMeter, ReadingMeter } from './reading-meter.ts';
import { rejectWhenAborted } from '../../lib/node/abort.ts';
import { ShardReader } from './shard-reader.ts';

const REPORT_EVERY_MS = 1000;
/** Shards of one stream tend to end together: how long a reader whose first shard has finished waits for the others. */
const LAST_SHARDS_MS = 1000;
/** How long a stopping reader waits until lanes have accepted what it has read. */
const DRAIN_MS = 5000;
/** Pages that are being read or wait for the budget, over all shards of the reader. */
const MAX_PAGES_IN_MEMORY = 8;
/**
 * A reading period is longer or shorter by up to a fifth, so that readers that started together do not stop together.
 */
const PERIOD_JITTER = 0.2;
/** Share of the budget for data that is still being written though its event was already sent. */
const LATE_WRITES_SHARE = 1 / 4;

export interface ReaderOptions {
  readonly source: Source;
  readonly shards: readonly ShardToRead[];
  readonly shiftMs: number;
  readonly routeRecord: RecordRouter;
  readonly gateway: LaneGateway;
  /** Where the data of large events is written, when the router names data to store. */
  readonly store?: Pick<ClaimWriterOptions, 'claims' | 'outage'> | undefined;
  readonly lease: Stamper & { readonly lost: AbortSignal };
  readonly limits: Pick<ReadingSettings, 'recordsInFlight' | 'bytesInFlight' | 'requestsInFlight'>;
  /** Whether an earlier attempt has finished some of its shards, whose children wait. @default false */
  readonly hasFinished?: boolean;
  /** Aborts when the reader must stop reading and return. */
  readonly stopReading: AbortSignal;
  /** Called about once a second, whenever a shard has finished, and with the last report. */
  readonly onReport: (report: ReaderReport) => void;
  /** Shared with the other readers of the pipeline in this process. @default one of its own */
  readonly keyWatch?: KeyWatch;
  /** Number of pools of the pipeline. @default each key has a lane of its own */
  readonly pools?: number | undefined;
  /** Shared as well. Without it there are no warnings before records expire. */
  readonly lossWatch?: LossWatch;
  /** Shared as well. Without it nothing is measured. */
  readonly meter?: ReadingMeter | undefined;
  /** How long the source keeps a record, if known. */
  readonly retentionMs?: number | undefined;
  readonly log: Logger;
  readonly clock: Clock;
  /** ms since 1970, for reports. @default Date.now */
  readonly wall?: () => number;
  readonly random?: () => number;
}

export class Reader {
  readonly #options: ReaderOptions;
  readonly #budget: Budget;
  readonly #dispatcher: Dispatcher;
  readonly #shards: readonly { readonly shardId: string; readonly reader: ShardReader }[];
  /** Aborts when reading must stop. */
  readonly #stop = new AbortController();
  /** Aborts when the first shard has finished. */
  readonly #firstFinished = new AbortController();
  /** Aborts at the end of the run, for everything that still waits. */
  readonly #over = new AbortController();
  /** Aborts when none of the shards can be read, with the last error as reason. */
  readonly #noneReadable = new AbortController();
  readonly #lateWrites: LateWrites;
  readonly #keyWatch: KeyWatch;
  readonly #meter: ReaderMeter | undefined;

  constructor(options: ReaderOptions) {
    const { gateway, lease, limits, pools, clock, random = Math.random, wall = Date.now } = options;
    this.#options = options;
    if (options.hasFinished) this.#firstFinished.abort();
    const stop = AbortSignal.any([this.#over.signal, lease.lost]);
    for (const signal of [this.#stop.signal, this.#over.signal, stop]) setMaxListeners(0, signal);
    const { bytesInFlight, recordsInFlight, requestsInFlight } = limits;
    this.#budget = new Budget({ records: recordsInFlight, bytes: bytesInFlight });
    this.#lateWrites = new LateWrites({
      records: recordsInFlight * LATE_WRITES_SHARE,
      bytes: bytesInFlight * LATE_WRITES_SHARE,
    });
    this.#dispatcher = new Dispatcher({ gateway, lease, requestsInFlight, pools, clock, random });
    const pages = new Budget({ records: MAX_PAGES_IN_MEMORY, bytes: Infinity });
    const claimWriter = options.store && new ClaimWriter({ ...options.store, clock, random, stop });
    this.#keyWatch = options.keyWatch ?? new KeyWatch(options.log);
    this.#meter = options.meter?.startAttempt(options.retentionMs);
    this.#shards = options.shards.map((shard) => ({
      shardId: shard.shardId,
      reader: new ShardReader({
        ...options,
        shard,
        dispatcher: this.#dispatcher,
        budget: this.#budget,
        pages,
        claimWriter,
        lateWrites: this.#lateWrites,
        keyWatch: this.#keyWatch,
        random,
        wall,
        stop: this.#stop.signal,
        onFinished: () => this.#shardFinished(),
        onFailed: (shardId, error) => this.#shardFailed(shardId, error),
      }),
    }));
  }

  /** The maximum that was read and not yet accepted, at any time. */
  get highWater(): Amount {
    return this.#budget.highWater;
  }

  get report(): ReaderReport {
    const shards: Record<string, ShardProgress> = {};
    for (const { shardId, reader } of this.#shards) shards[shardId] = reader.progress;
    return { shards };
  }

  /**
   * Resolves with the final report.
   * @throws {SourceError} when none of its shards can be read until the configuration is changed; what it had
   * read is accepted before that
   * @throws {LeaseLostError | FrozenError} when it must no longer act as the reader
   */
  async run(): Promise<ReaderReport> {
    const { lease } = this.#options;
    const abandon = (): void => {
      // Synchronously, not when the promise below settles: not one request may be sent after this.
      this.#dispatcher.stop();
      this.#stop.abort(lease.lost.reason);
    };
    if (lease.lost.aborted) abandon();
    lease.lost.addEventListener('abort', abandon, { once: true });
    const noLongerRead = this.#keyWatch.startReading(this.#shards.map(({ shardId }) => shardId));
    try {
      return await Promise.race([this.#readPeriod(), rejectWhenAborted(lease.lost)]);
    } finally {
      noLongerRead();
      lease.lost.removeEventListener('abort', abandon);
      this.#dispatcher.stop();
      this.#stop.abort();
      this.#over.abort();
      this.#meter?.update(this.report, this.#budget.held);
      this.#meter?.end(this.#noneReadable.signal.aborted);
    }
  }

  async #readPeriod(): Promise<ReaderReport> {
    const { lease, onReport } = this.#options;
    const loops = Promise.all(this.#shards.map(async ({ reader }) => await reader.run()));
    await Promise.race([
      this.#reportRegularly(),
      // When all shards have ended nothing remains to read, so the reader waits until everything is accepted.
      loops.then(async () => await this.#dispatcher.whenEmpty()),
      this.#timeToStop(),
    ]);
    this.#stop.abort(new Error('The reader stops.'));
    await this.#drain(loops);
    this.#dispatcher.stop();
    this.#lateWrites.giveUpAll();
    lease.lost.throwIfAborted();
    const { report } = this;
    const fails = this.#noneReadable.signal.aborted && !this.#shards.some(({ reader }) => reader.finished);
    onReport(fails ? withoutReadErrors(report) : report);
    if (fails) throw this.#noneReadable.signal.reason as Error;
    return report;
  }

  /** Resolves when the reader has a reason to stop, other than that all its shards have ended. */
  async #timeToStop(): Promise<void> {
    const { clock, stopReading, random = Math.random, shiftMs } = this.#options;
    const atOnce = AbortSignal.any([stopReading, this.#noneReadable.signal, this.#over.signal]);
    const early = AbortSignal.any([atOnce, this.#firstFinished.signal]);
    await clock.sleep(shiftMs * (1 + PERIOD_JITTER * (2 * random() - 1)), early);
    if (this.#firstFinished.signal.aborted) await clock.sleep(LAST_SHARDS_MS, atOnce);
  }

  /**
   * Waits for a while until lanes have accepted what was read, but not for records that Temporal rejects (too large).
   */
  async #drain(loops: Promise<unknown>): Promise<void> {
    const { clock } = this.#options;
    const max = loops.catch(() => {}).then(async () => await this.#dispatcher.whenOnlyRejectedRemain());
    await Promise.race([max, clock.sleep(DRAIN_MS, this.#over.signal)]);
  }

  async #reportRegularly(): Promise<void> {
    const { clock, lossWatch, onReport, retentionMs } = this.#options;
    const over = this.#over.signal;
    while (!over.aborted) {
      const { report } = this;
      onReport(report);
      if (retentionMs !== undefined) {
        for (const [shardId, progress] of Object.entries(report.shards))
          lossWatch?.check(shardId, progress, retentionMs);
      }
      await clock.sleep(REPORT_EVERY_MS, over);
      // Not before the first pause: until it has tried its shards, the figures of the previous attempt are more
      // accurate.
      if (!over.aborted) this.#meter?.update(this.report, this.#budget.held);
    }
  }

  #shardFinished(): void {
    if (this.#over.signal.aborted) return;
    this.#options.onReport(this.report);
    this.#firstFinished.abort();
  }

  #shardFailed(shardId: string, error: unknown): void {
    const { log, source } = this.#options;
    if (this.#shards.every(({ reader }) => reader.failing || reader.finished)) {
      this.#noneReadable.abort(error);
      return;
    }
    log.error(
      { err: error, shard: shardId },
      `Cannot read shard ${shardId} of ${source.identity}; retrying at intervals, other shards are read on`,
    );
  }
}

/** The error that ends the reader contains these: Temporal shows both. */
function withoutReadErrors({ shards }: ReaderReport): ReaderReport {
  const calm = Object.entries(shards).map(
    ([shardId, { readError: _reported, ...progress }]) => [shardId, progress] as const,
  );
  return { shards: Object.fromEntries(calm) };
}
