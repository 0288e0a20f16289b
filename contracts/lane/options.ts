import { DEFAULT_SEGMENT_LIMITS, type SegmentLimits } from './backlog.ts';

/** Limits of one lane, fixed when it is started. */
export interface LaneOptions {
  /** Events that one first-pass activity runs at the most. */
  readonly maxBatchEvents: number;
  /** Bytes of data that one first-pass activity is given at the most, one event excepted. */
  readonly maxBatchBytes: number;
  /** A lane with nothing to do for so long ends, once the checkpoints have passed its marks. */
  readonly idleMs: number;
  /** How far behind the lane's memory a sender's lease must lie before its signal is dropped (O6). */
  readonly leaseMarginMs: number;
  /** Signals after which the lane continues as new; the server refuses the 10,001st of a run. */
  readonly signalsPerRun: number;
  /** A handler's process that is silent for so long is taken for dead. */
  readonly heartbeatTimeoutMs: number;
  /** Decisions kept in the lane, the oldest are dropped first. */
  readonly decisionsKept: number;
  /** @default DEFAULT_SEGMENT_LIMITS, for lanes that an earlier version has started */
  readonly segments?: SegmentLimits;
}

export const DEFAULT_LANE_OPTIONS: LaneOptions = {
  maxBatchEvents: 100,
  maxBatchBytes: 256 * 1024,
  idleMs: 15 * 60_000,
  leaseMarginMs: 2 * 60_000,
  signalsPerRun: 2000,
  heartbeatTimeoutMs: 15_000,
  decisionsKept: 20,
  segments: DEFAULT_SEGMENT_LIMITS,
};
