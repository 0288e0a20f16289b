import { DEFAULT_SEGMENT_LIMITS, type SegmentLimits } from '../lane/backlog.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions } from '../lane/options.ts';

export interface QuarantineLimits {
  /** More than this goes into a segment. */
  readonly segments: SegmentLimits;
  /** Records that a verb decides on in one step. */
  readonly batch: number;
  /** As a lane's. */
  readonly leaseMarginMs: number;
  readonly decisionsKept: number;
}

export const DEFAULT_QUARANTINE_LIMITS: QuarantineLimits = {
  segments: DEFAULT_SEGMENT_LIMITS,
  batch: 100,
  leaseMarginMs: DEFAULT_LANE_OPTIONS.leaseMarginMs,
  decisionsKept: DEFAULT_LANE_OPTIONS.decisionsKept,
};

/** Those of a pipeline's lanes, where both have them. */
export function quarantineLimits({ decisionsKept, leaseMarginMs, segments }: LaneOptions): QuarantineLimits {
  const own = { ...DEFAULT_QUARANTINE_LIMITS, decisionsKept, leaseMarginMs };
  return segments === undefined ? own : { ...own, segments };
}
