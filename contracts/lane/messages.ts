import type { LaneEvent } from '../event/event.ts';
import type { LaneOptions } from './options.ts';
import type { LaneState } from './state.ts';
import type { StartedAfter, EndedRun } from '../run.ts';

/** Argument of the lane workflow. `carried` is set by continue-as-new, and by a pool from which the key has moved out. */
export interface LaneInput {
  readonly version: 1;
  readonly pipeline: string;
  readonly key: string;
  readonly options: LaneOptions;
  readonly carried?: LaneState;
  /** The run before this one was ended from outside. */
  readonly predecessor?: EndedRun;
  /** What was seen before this run was begun; absent where there was no run. */
  readonly after?: StartedAfter;
  /** Workflow id of the pool that the key goes back to when there is nothing left to do here. */
  readonly pool?: string;
}

/** Argument of the signal `records`, the only one that brings events. */
export interface RecordsSignal {
  /** Server time, ms since 1970, until which the sender was surely the reader of its shards (O6). */
  readonly leaseUntil: number;
  /** In stream order, of one shard or several. */
  readonly events: readonly LaneEvent[];
}
