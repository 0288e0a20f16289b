import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '../event/failure.ts';
import { DEFAULT_SEGMENT_LIMITS, type SegmentLimits } from './backlog.ts';

/** What runs the events of a lane: a function in a worker process, the handler of the settings. */
export interface FunctionHandler {
  readonly kind: 'function';
}

export type HandlerOptions = FunctionHandler;

/** How one lane works, and its limits, which it is given when it starts. */
export interface LaneOptions {
  readonly handler: HandlerOptions;
  /**
   * The policy for retries of an event that has failed. A worker process names the one of its own settings with each failure, and
   * that one counts: so a changed policy applies from the next event that fails, also in lanes that are already there.
   */
  readonly retry: RetryPolicy;
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
  readonly segments: SegmentLimits;
}

export const DEFAULT_LANE_OPTIONS: LaneOptions = {
  handler: { kind: 'function' },
  retry: DEFAULT_RETRY_POLICY,
  maxBatchEvents: 100,
  maxBatchBytes: 256 * 1024,
  idleMs: 15 * 60_000,
  leaseMarginMs: 2 * 60_000,
  signalsPerRun: 2000,
  heartbeatTimeoutMs: 15_000,
  decisionsKept: 20,
  segments: DEFAULT_SEGMENT_LIMITS,
};
