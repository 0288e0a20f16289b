/** What a pool workflow, its bridge and its activities say to one another. In recorded histories: fields are only added. */
import type { EventLimits } from '../event/weight.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions } from '../lane/options.ts';

/** Limits of one pool, which it is given when it starts. */
export interface PoolOptions {
  /** Maximum size of a batch. */
  readonly batch: EventLimits;
  /** Maximum number of events of one key in a batch. */
  readonly eventsPerKey: number;
  /** Number of batches that run at the same time, not counting those that only wait for slow keys. */
  readonly batchesInFlight: number;
  /** A batch that takes longer reports which keys are done. A key with an event that took longer gets its own lane. */
  readonly slowAfterMs: number;
  /** When the pool holds this much, bridges stop delivering until half of it is done. */
  readonly full: EventLimits;
  readonly signalsPerRun: number;
  /** How long the pool may hold its keys back during an outage; when the pool is full, reading waits as well. */
  readonly maxHoldMs: number;
  /** See {@link LaneOptions}. */
  readonly leaseMarginMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Options of the lanes of keys that have moved out. */
  readonly lane: LaneOptions;
}

const KIB = 1024;

export const DEFAULT_MAX_HOLD_MS = 3_600_000;

/** A quarter of 24 hours, the shortest retention of a source. */
export const MAX_MAX_HOLD_MS = 6 * 3_600_000;

export const DEFAULT_POOL_OPTIONS: PoolOptions = {
  // As for a lane: JSON escapes can multiply the bytes of a text, and a payload may have 2 MiB.
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
