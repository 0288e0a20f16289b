import type { LaneEvent } from '../event/event.ts';
import type { Failure } from '../event/failure.ts';
import type { Position } from '../event/position.ts';
import type { Decision } from './decision.ts';
import type { LanePhase } from './phase.ts';
import type { WaitingEvent } from './waiting.ts';
import type { EndedRun } from '../run.ts';

/** Answer of the query `lane`. */
export interface LaneView {
  readonly pipeline: string;
  readonly key: string;
  /** Set while the lane recovers from this run, which was terminated externally; the other fields may be incomplete. */
  readonly recovering?: EndedRun;
  readonly phase: LanePhase;
  readonly head?: LaneEvent;
  /** Events behind the head, wherever they are kept. */
  readonly waiting: number;
  /** Set while some of them are in segments: how many those are, and how many events and bytes they hold. */
  readonly segments?: { readonly count: number; readonly events: number; readonly bytes: number };
  /** Positions of the next few of them. */
  readonly next: readonly WaitingEvent[];
  readonly handled: number;
  readonly decisions: readonly Decision[];
  readonly marks: Readonly<Record<string, Position>>;
}

/** Memo of a lane, written on state changes, so that listing blocked keys needs no query for each key. */
export interface LaneMemo {
  readonly key: string;
  readonly position?: string;
  readonly attempts?: number;
  readonly failure?: Failure;
  /** ISO 8601 */
  readonly since?: string;
  /** Identifies the start of a lane that a pool has started. */
  readonly startId?: string;
}
