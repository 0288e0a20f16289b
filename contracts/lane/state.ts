import type { LaneEvent } from '../event/event.ts';
import type { Position } from '../event/position.ts';
import type { Backlog } from './backlog.ts';
import type { Decision } from './decision.ts';
import type { LanePhase } from './phase.ts';

/** All of a lane that outlives a run. */
export interface LaneState {
  readonly phase: LanePhase;
  /** The head first. */
  readonly queue: readonly LaneEvent[];
  /** What is behind the queue; absent when that holds everything. */
  readonly backlog?: Backlog;
  /**
   * Set when events of this lane are gone that were not handled, until a head is blocked for it: a person has to know
   * before anything that came after them is handled (O5).
   */
  readonly lost?: string;
  /**
   * Names in the store of large events of data that nobody needs any more, until it has been deleted. The data of an
   * event that a person skipped or replaced is never among it: its decision names it.
   */
  readonly claimsToDelete?: readonly string[];
  /** Per shard, the last position accepted. A position that is not beyond its mark is dropped (O6). */
  readonly marks: Readonly<Record<string, Position>>;
  /**
   * Per shard, since when its mark is known to lie behind the checkpoint. A mark is forgotten only some time after that:
   * a request that was held up on its way may still arrive.
   */
  readonly behindSince: Readonly<Record<string, number>>;
  /** Since when the lane remembers every mark: its birth, or when it last forgot one. ms since 1970. */
  readonly remembersSince: number;
  /** The latest last. */
  readonly decisions: readonly Decision[];
  /** Events handled since the lane began. */
  readonly handled: number;
  /**
   * How many of the next events run alone, since a process was lost in a batch with them: so the one that kills
   * processes is found, and is the only one that is held up for it.
   */
  readonly isolateNext: number;
  /** How often the event at this position was lost with its process, in a row, where that is not over. */
  readonly losses?: { readonly position: string; readonly count: number };
}
