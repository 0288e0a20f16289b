import type { EventLimits } from '../event/weight.ts';
import type { LaneEvent } from '../event/event.ts';

/**
 * The part of a lane's queue that has grown too long for the lane's own state. It lies behind what the lane holds in its
 * queue: first the events in segments, each a workflow that does nothing but hold them, then the tail, which the lane
 * holds itself until it is enough for another segment.
 */
export interface Backlog {
  /** The earliest first. */
  readonly segments: readonly SegmentRange[];
  /** Events of the first segment that have been taken back into the queue. */
  readonly taken: number;
  /** Events in segments that have not been taken back. */
  readonly events: number;
  /** Bytes of their data as the source delivered it. */
  readonly bytes: number;
  /** Behind the segments, in order. */
  readonly tail: readonly LaneEvent[];
}

/**
 * Segments with consecutive numbers, over any number of runs. An epoch is drawn at random when a backlog begins, and anew
 * when a segment of the next number is there already: then the lane was reset to a time before it, and that one is of a
 * course of events that did not happen.
 */
export interface SegmentRange {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

/** One segment of a range. */
export interface SegmentName {
  readonly epoch: string;
  readonly number: number;
}

/** Beyond these the tail of a lane that does not move goes into segments, and each holds no more than that. */
export type SegmentLimits = EventLimits;

export const DEFAULT_SEGMENT_LIMITS: SegmentLimits = { events: 1000, bytes: 256 * 1024 };
/** What settings may say. Smaller ones are all overhead, larger ones more than a lane should carry from run to run. */
export const MIN_SEGMENT_LIMITS: SegmentLimits = { events: 10, bytes: 16 * 1024 };
export const MAX_SEGMENT_LIMITS: SegmentLimits = { events: 10_000, bytes: 256 * 1024 };

/** Argument of the segment workflow. */
export interface SegmentInput {
  readonly version: 1;
  readonly pipeline: string;
  readonly key: string;
  readonly events: readonly LaneEvent[];
}

/** Memo of a segment, of a lane or of a quarantine: who looks for a place in a long backlog passes over most of them. */
export interface SegmentMemo {
  /** Events or records that it was started with. */
  readonly count: number;
}

/** What a lane asks for when its queue has been worked off. */
export interface SegmentSlice {
  /** Workflow id of the segment. */
  readonly segment: string;
  /** Index of the first event that is wanted. */
  readonly from: number;
  readonly limits: EventLimits;
}

/** Type of the failure when there is no such segment: it was deleted, or was ended and then forgotten. */
export const SEGMENT_GONE = 'SegmentGone';

export interface SliceAnswer {
  /** At least one. */
  readonly events: readonly LaneEvent[];
  /** True when these are the last ones of the segment. */
  readonly last: boolean;
}
