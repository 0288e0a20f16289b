import type { SegmentRange } from './backlog.ts';
import type { LaneEvent } from './event.ts';
import { formatPosition } from './position.ts';

/** An event that waits in a lane, without its data. */
export interface WaitingEvent {
  readonly position: string;
  readonly arrivedAt: number;
  readonly size: number;
}

/** Answer of the query `backlog`: all that waits, in order, but for what only segments know. */
export interface BacklogView {
  /** The head first. */
  readonly queue: readonly WaitingEvent[];
  readonly segments: readonly SegmentRange[];
  /** Events of the first segment that are in the queue, or were handled, by now. */
  readonly taken: number;
  readonly tail: readonly WaitingEvent[];
  /** All of them. */
  readonly total: number;
}

export function waitingEvent({ position, arrivedAt, size }: LaneEvent): WaitingEvent {
  return { position: formatPosition(position), arrivedAt, size };
}
