import type { SegmentRange } from './backlog.ts';
import type { LaneEvent } from '../event/event.ts';
import { formatPosition } from '../event/position.ts';

/** A queued event of a lane, without its data. */
export interface WaitingEvent {
  readonly position: string;
  readonly arrivedAt: number;
  readonly size: number;
}

/** Argument of the query `backlog`: which part of the queue, counted from the head. A lane may hold too many for one answer. */
export interface BacklogWindow {
  readonly skip: number;
  readonly limit: number;
}

/** Maximum number of events in a window. */
export const LARGEST_WINDOW = 5000;

/** Answer of the query `backlog`: the queued events of a window, in order, except those that only segments hold. */
export interface BacklogView {
  /** The events before the segments, the head first. */
  readonly queue: readonly WaitingEvent[];
  /** Number of events before the segments, inside and outside of the window. */
  readonly before: number;
  readonly segments: readonly SegmentRange[];
  /** Number of events of the first segment that have been moved to the queue or handled. */
  readonly taken: number;
  /** The events behind the segments. */
  readonly tail: readonly WaitingEvent[];
  /** Number of all queued events of the lane. */
  readonly total: number;
}

export function waitingEvent({ position, arrivedAt, size }: LaneEvent): WaitingEvent {
  return { position: formatPosition(position), arrivedAt, size };
}
