/**
 * Measures the reading of a pipeline in this process, over all its running readers.
 *
 * Owns the last known progress of each shard, and the counts of each reader that were reported. Outlives the readers,
 * which are replaced every few minutes and start counting anew with each attempt.
 *
 * Invariants:
 * - reading-meter.M1: what a reader has counted is reported once, whatever its attempts: each attempt counts from 0, in
 *   its own meter.
 * - reading-meter.M2: a shard is in the figures once, with its latest progress, also when two attempts overlap.
 * - reading-meter.M3: a reader that failed because it can read nothing stays in the figures until it has certainly been
 *   retried: otherwise a pipeline that cannot be read at all would look like one without shards.
 */
import type { ReaderReport, ShardProgress } from '../../contracts/pipeline/reading.ts';
import type { Amount } from './budget.ts';
import { lagOf } from '../../contracts/pipeline/lag.ts';
import type { ReadingFigures, ReadingMetrics, RecordCounts } from './reading-metrics.ts';

/** Longer than Temporal's maximum wait before a reader's next attempt: see workflows/pipeline/reader.ts. */
const RETRIED_WITHIN_MS = 30_000;
const NOTHING: RecordCounts = { read: 0, accepted: 0, filtered: 0, quarantined: 0, misrouted: 0 };

/** One attempt of a reader. */
export interface ReaderMeter {
  /** @param held what was read and is not accepted yet */
  update(report: ReaderReport, held: Amount): void;
  /** @param failed true when the reader could read none of its shards */
  end(failed: boolean): void;
}

interface Seen {
  readonly by: ReaderMeter;
  readonly progress: ShardProgress;
  readonly retentionMs: number | undefined;
}

export class ReadingMeter {
  readonly #metrics: ReadingMetrics;
  readonly #lanesFull: () => number;
  readonly #wall: () => number;
  readonly #shards = new Map<string, Seen>();
  readonly #held = new Map<ReaderMeter, Amount>();

  /**
   * @param lanesFull returns the number of lanes that are full now
   * @param wall ms since 1970
   */
  constructor(metrics: ReadingMetrics, lanesFull: () => number, wall: () => number = Date.now) {
    this.#metrics = metrics;
    this.#lanesFull = lanesFull;
    this.#wall = wall;
  }

  /** Call this together with the log line about the gap, so that metric and log agree (O10). */
  gap(): void {
    this.#metrics.gap();
  }

  /** @param retentionMs how long the source keeps a record, if known */
  startAttempt(retentionMs: number | undefined): ReaderMeter {
    let reported = NOTHING;
    const meter: ReaderMeter = {
      update: (report, held) => {
        const counts = countsOf(report);
        this.#metrics.count(since(reported, counts));
        reported = counts;
        this.#held.set(meter, held);
        for (const [shardId, progress] of Object.entries(report.shards)) {
          if (progress.finished) this.#shards.delete(shardId);
          else this.#shards.set(shardId, { by: meter, progress, retentionMs });
        }
        this.#show();
      },
      end: (failed) => {
        this.#held.delete(meter);
        if (failed) setTimeout(() => this.#forget(meter), RETRIED_WITHIN_MS).unref();
        else this.#forget(meter);
      },
    };
    return meter;
  }

  #forget(meter: ReaderMeter): void {
    for (const [shardId, { by }] of this.#shards) if (by === meter) this.#shards.delete(shardId);
    this.#show();
  }

  #show(): void {
    const now = this.#wall();
    let unreadable = 0;
    let lagMs: number | undefined;
    let untilLossMs: number | undefined;
    for (const { progress, retentionMs } of this.#shards.values()) {
      if (progress.readError !== undefined) unreadable += 1;
      const lag = lagOf(
        progress.lagMs,
        progress.consumedUntil === undefined ? undefined : Math.max(0, now - progress.consumedUntil),
      );
      if (lag === undefined) continue;
      lagMs = Math.max(lagMs ?? 0, lag);
      if (retentionMs !== undefined) untilLossMs = Math.min(untilLossMs ?? Infinity, Math.max(0, retentionMs - lag));
    }
    // Without a reader no lane is tried, so none would ever be seen to accept events again.
    const lanesFull = this.#held.size === 0 ? 0 : this.#lanesFull();
    this.#metrics.show({ shards: this.#shards.size, unreadable, lagMs, untilLossMs, ...this.#inFlight(), lanesFull });
  }

  #inFlight(): Pick<ReadingFigures, 'recordsInFlight' | 'bytesInFlight'> {
    let [recordsInFlight, bytesInFlight] = [0, 0];
    for (const { records, bytes } of this.#held.values()) {
      recordsInFlight += records;
      bytesInFlight += bytes;
    }
    return { recordsInFlight, bytesInFlight };
  }
}

/** The counts of one attempt, over its shards. */
function countsOf({ shards }: ReaderReport): RecordCounts {
  let { read, accepted, filtered, quarantined, misrouted } = NOTHING;
  for (const progress of Object.values(shards)) {
    read += progress.read;
    accepted += progress.taken + progress.quarantined;
    filtered += progress.filtered ?? 0;
    quarantined += progress.quarantined;
    misrouted += progress.misrouted ?? 0;
  }
  return { read, accepted, filtered, quarantined, misrouted };
}

function since(before: RecordCounts, now: RecordCounts): RecordCounts {
  return {
    read: now.read - before.read,
    accepted: now.accepted - before.accepted,
    filtered: now.filtered - before.filtered,
    quarantined: now.quarantined - before.quarantined,
    misrouted: now.misrouted - before.misrouted,
  };
}
