import type { SegmentRange } from './backlog.ts';
import type { LaneEvent } from '../event/event.ts';
import { formatPosition } from '../event/position.ts';

/** An event that waits in a lane, without its data. */
export interface WaitingEvent {
  readonly position: string;
  readonly arrivedAt: number;
  readonly size: number;
}

/** Argument of the query `backlog`: which of the events, the head being the first. A lane may hold too many for one answer. */
export interface BacklogWindow {
  readonly skip: number;
  readonly limit: number;
}

/** What a window may have at the most. */
export const LARGEST_WINDOW = 5000;

/** Answer of the query `backlog`: what waits in a window, in order, but for what only segments know. */
export interface BacklogView {
  /** Those that lie in front of the segments, the head first. */
  readonly queue: readonly WaitingEvent[];
  /** How many lie there, in the window or not. */
  readonly before: number;
  readonly segments: readonly SegmentRange[];
  /** Events of the first segment that are in the queue, or were handled, by now. */
  readonly taken: number;
  /** Those that lie behind the segments. */
  readonly tail: readonly WaitingEvent[];
  /** All events of the lane. */
  readonly total: number;
}

export function waitingEvent({ position, arrivedAt, size }: LaneEvent): WaitingEvent {
  return { position: formatPosition(position), arrivedAt, size };
}
