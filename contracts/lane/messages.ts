import type { LaneEvent } from '../event/event.ts';
import type { LaneOptions } from './options.ts';
import type { LaneState } from './state.ts';
import type { StartedAfter, EndedRun } from '../run.ts';
import type { Version } from '../version.ts';

/** Argument of the lane workflow. `carried` is set by continue-as-new, and by a pool that moves the key to its own lane. */
export interface LaneInput {
  readonly version: Version;
  readonly pipeline: string;
  readonly key: string;
  readonly options: LaneOptions;
  readonly carried?: LaneState;
  /** The previous run, if it was terminated externally and its state has to be recovered. */
  readonly predecessor?: EndedRun;
  /** The run that the starter saw as the latest; absent if there was none. */
  readonly after?: StartedAfter;
  /** Workflow id of the pool that the key returns to when this lane has no work left. */
  readonly pool?: string;
}

/** Argument of the signal `records`, the only signal that carries events. */
export interface RecordsSignal {
  /** Server time, ms since 1970, until which the sender certainly held the lease of its shards (O6). */
  readonly leaseUntil: number;
  /** In stream order, of one shard or several. */
  readonly events: readonly LaneEvent[];
}
