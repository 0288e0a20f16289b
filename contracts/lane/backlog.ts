import type { EventLimits } from '../event/weight.ts';
import type { LaneEvent } from '../event/event.ts';
import type { Version } from '../version.ts';

/**
 * The part of a lane's queue that has become too long for the lane's own state. It comes after the events in the lane's
 * queue: first the events in segments, each a workflow that only holds them, then the tail, which the lane holds itself
 * until it fills another segment.
 */
export interface Backlog {
  /** In chronological order. */
  readonly segments: readonly SegmentRange[];
  /** Number of events of the first segment that have been moved back to the queue. */
  readonly taken: number;
  /** Number of events in segments that have not been moved back. */
  readonly events: number;
  /** Size of their data in bytes, as the source delivered it. */
  readonly bytes: number;
  /** Behind the segments, in order. */
  readonly tail: readonly LaneEvent[];
}

/**
 * Segments with consecutive numbers, over any number of runs. An epoch is chosen at random when a backlog starts. The lane
 * chooses a new one if a segment with the next number already exists: the lane was then reset to a time before that
 * segment, which belongs to a history that has been undone.
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

/** The tail of a lane that makes no progress is moved to segments when it exceeds these; each segment holds at most as much. */
export type SegmentLimits = EventLimits;

export const DEFAULT_SEGMENT_LIMITS: SegmentLimits = { events: 1000, bytes: 256 * 1024 };
/** Limits of the settings. Smaller segments are mostly overhead; larger ones are too much to carry from run to run. */
export const MIN_SEGMENT_LIMITS: SegmentLimits = { events: 10, bytes: 16 * 1024 };
export const MAX_SEGMENT_LIMITS: SegmentLimits = { events: 10_000, bytes: 256 * 1024 };

/** Argument of the segment workflow. */
export interface SegmentInput {
  readonly version: Version;
  readonly pipeline: string;
  readonly key: string;
  readonly events: readonly LaneEvent[];
}

/** Memo of a segment of a lane or a quarantine, so that a search in a long backlog can skip most segments. */
export interface SegmentMemo {
  /** Number of events or records in the segment. */
  readonly count: number;
}

/** What a lane requests when its queue is empty and its segments are not. */
export interface SegmentSlice {
  /** Workflow id of the segment. */
  readonly segment: string;
  /** Index of the first event. */
  readonly from: number;
  readonly limits: EventLimits;
}

/** Type of the failure when a segment does not exist: it was deleted, or terminated and its retention has passed. */
export const SEGMENT_GONE = 'SegmentGone';

export interface SliceAnswer {
  /** At least one. */
  readonly events: readonly LaneEvent[];
  /** True if these are the last events of the segment. */
  readonly last: boolean;
}
