import type { LaneEvent } from '../event/event.ts';
import type { Position } from '../event/position.ts';
import type { Backlog } from './backlog.ts';
import type { KeyState } from './key-state.ts';

/** The state of a lane that continue-as-new carries from run to run. */
export interface LaneState extends KeyState {
  /** The head first. */
  readonly queue: readonly LaneEvent[];
  /** The events behind the queue; absent when the queue holds all of them. */
  readonly backlog?: Backlog;
  /**
   * Set when events of this lane are gone without having been handled, until a head is blocked because of it: the operator
   * has to know before any later event is handled (O5).
   */
  readonly lost?: string;
  /**
   * Names of data in the store of large events that is no longer needed and still has to be deleted. Data of an event that
   * an operator skipped or replaced is never listed: the decision still refers to it.
   */
  readonly claimsToDelete?: readonly string[];
  /** Per shard, the last position accepted. A position that is not beyond its mark is dropped (O6). */
  readonly marks: Readonly<Record<string, Position>>;
  /**
   * Per shard, when its mark was first seen to be behind the checkpoint. The lane forgets a mark only some time after that,
   * because a delayed request may still arrive.
   */
  readonly behindSince: Readonly<Record<string, number>>;
  /** The lane has every mark since this time: when it started, or when it last forgot one. ms since 1970. */
  readonly remembersSince: number;
  /** Number of events handled since the lane started. */
  readonly handled: number;
  /**
   * How many of the next events run alone because a process died during a batch that contained them. This isolates the
   * event that kills processes, so that it is the only one to suffer for it.
   */
  readonly isolateNext: number;
  /** How many times in a row the process died while it ran the event at this position; absent after an attempt that ended. */
  readonly losses?: { readonly position: string; readonly count: number };
}
