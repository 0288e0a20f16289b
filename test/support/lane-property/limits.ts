import { DEFAULT_LANE_OPTIONS, type LaneOptions } from '../../../contracts/lane/options.ts';
import { DEFAULT_POOL_OPTIONS, type PoolOptions } from '../../../contracts/pool/options.ts';
import type { LaneCase } from './case.ts';
import { MARGIN_MS, OVERLAPPING_IDLE_MS } from './shard.ts';

const HEARTBEAT_TIMEOUT_MS = 1500;
const KIB = 1024;

export const idleMsOf = ({ limits, overlaps }: LaneCase): number => (overlaps ? OVERLAPPING_IDLE_MS : limits.idleMs);

export function laneOptionsOf(one: LaneCase): LaneOptions {
  const { segmentEvents, signalsPerRun, maxBatchBytes, maxBatchEvents } = one.limits;
  return {
    ...DEFAULT_LANE_OPTIONS,
    maxBatchEvents,
    maxBatchBytes,
    signalsPerRun,
    segments: { events: segmentEvents, bytes: 256 * KIB },
    idleMs: idleMsOf(one),
    leaseMarginMs: MARGIN_MS,
    heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
    // All of them are looked at in the end.
    decisionsKept: 1000,
  };
}

export function poolOptionsOf(one: LaneCase): PoolOptions | undefined {
  if (one.pools === undefined) return undefined;
  const { batchEvents, batchesInFlight, eventsPerKey, signalsPerRun, slowAfterMs } = one.pools;
  return {
    ...DEFAULT_POOL_OPTIONS,
    batch: { events: batchEvents, bytes: one.limits.maxBatchBytes },
    batchesInFlight,
    eventsPerKey,
    signalsPerRun,
    slowAfterMs,
    leaseMarginMs: MARGIN_MS,
    heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
    lane: laneOptionsOf(one),
  };
}
