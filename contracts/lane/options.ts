import { DEFAULT_SEGMENT_LIMITS, type SegmentLimits } from './backlog.ts';

/** Limits of one lane, which it is given when it starts. */
export interface LaneOptions {
  /** Maximum number of events in one batch of this key. */
  readonly maxBatchEvents: number;
  /** Maximum bytes of data in one batch; a single larger event is allowed. */
  readonly maxBatchBytes: number;
  /** How long a lane without work stays open. It ends after that, once the checkpoints have passed its marks. */
  readonly idleMs: number;
  /** How far behind the lane's memory a sender's lease must lie before its signal is dropped (O6). */
  readonly leaseMarginMs: number;
  /** Signals after which the lane continues as new; the server refuses the 10,001st of a run. */
  readonly signalsPerRun: number;
  /** A worker process that sends no heartbeat for this long is considered dead. */
  readonly heartbeatTimeoutMs: number;
  /** Number of decisions that the lane keeps; it drops the oldest first. */
  readonly decisionsKept: number;
  /** @default DEFAULT_SEGMENT_LIMITS */
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
