import { DEFAULT_SEGMENT_LIMITS, type SegmentLimits } from '../lane/backlog.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions } from '../lane/options.ts';

export interface QuarantineLimits {
  /** Records are moved to a segment when they exceed this. */
  readonly segments: SegmentLimits;
  /** Number of records that a verb processes in one step. */
  readonly batch: number;
  /** See {@link LaneOptions}. */
  readonly leaseMarginMs: number;
  readonly decisionsKept: number;
}

export const DEFAULT_QUARANTINE_LIMITS: QuarantineLimits = {
  segments: DEFAULT_SEGMENT_LIMITS,
  batch: 100,
  leaseMarginMs: DEFAULT_LANE_OPTIONS.leaseMarginMs,
  decisionsKept: DEFAULT_LANE_OPTIONS.decisionsKept,
};

/** The limits of a pipeline's quarantine: those of its lanes where both have them. */
export function quarantineLimits({ decisionsKept, leaseMarginMs, segments }: LaneOptions): QuarantineLimits {
  return { ...DEFAULT_QUARANTINE_LIMITS, decisionsKept, leaseMarginMs, segments };
}
