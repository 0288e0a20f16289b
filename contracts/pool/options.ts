/** What a pool workflow, its bridge and its activities say to one another. In recorded histories: fields are only added. */
import type { EventLimits } from '../event/weight.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions } from '../lane/options.ts';

/** Limits of one pool, fixed when it is started. */
export interface PoolOptions {
  /** What one batch may hold. */
  readonly batch: EventLimits;
  /** Events of one key in a batch. */
  readonly eventsPerKey: number;
  /** Batches that run at a time; those that only wait for slow keys come on top. */
  readonly batchesInFlight: number;
  /** A batch that takes longer tells what has ended; a key whose event has taken longer moves out when that has ended. */
  readonly slowAfterMs: number;
  /** From so much on the bridge hands nothing more over, until half of it has gone. */
  readonly full: EventLimits;
  readonly signalsPerRun: number;
  /**
   * How long the pool may hold its keys back while every key fails, and reading with them when it is full.
   * @default DEFAULT_POOL_OPTIONS.maxHoldMs, for pools that an earlier version has started
   */
  readonly maxHoldMs?: number;
  /** As a lane's. */
  readonly leaseMarginMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Of the lanes of keys that have moved out. */
  readonly lane: LaneOptions;
}

const KIB = 1024;

export const DEFAULT_MAX_HOLD_MS = 3_600_000;

/** A quarter of the shortest time for which a source keeps a record, which is 24 hours. */
export const MAX_MAX_HOLD_MS = 6 * 3_600_000;

export const DEFAULT_POOL_OPTIONS: PoolOptions = {
  // As for a lane: text with much to quote takes some times its bytes, and a payload may have 2 MiB.
  batch: { events: 500, bytes: DEFAULT_LANE_OPTIONS.maxBatchBytes },
  eventsPerKey: 100,
  batchesInFlight: 4,
  slowAfterMs: 2000,
  full: { events: 3000, bytes: 768 * KIB },
  signalsPerRun: 2000,
  maxHoldMs: DEFAULT_MAX_HOLD_MS,
  leaseMarginMs: DEFAULT_LANE_OPTIONS.leaseMarginMs,
  heartbeatTimeoutMs: DEFAULT_LANE_OPTIONS.heartbeatTimeoutMs,
  lane: DEFAULT_LANE_OPTIONS,
};
