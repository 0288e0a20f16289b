import type { VerbArgs } from '../lane/decision.ts';
import type { VerbName } from '../names.ts';
import type { PoolOptions } from './options.ts';
import type { PoolEvent, PoolState } from './state.ts';
import type { StartedAfter, EndedRun } from '../run.ts';

/** Stands in a lane's marks for what its pool has forwarded to it. No shard of a source has such a name. */
export const FORWARDED_MARK = '/pool';

/** Argument of the signal `records` of a pool. */
export interface PoolSignal {
  /** As in the signal of a lane. */
  readonly leaseUntil: number;
  /** In stream order, of one shard or several. */
  readonly events: readonly PoolEvent[];
}

/** Argument of the pool workflow. `carried` is set by continue-as-new only. */
export interface PoolInput {
  readonly version: 1;
  readonly pipeline: string;
  readonly options: PoolOptions;
  readonly carried?: PoolState;
  /** The run before this one was ended from outside. */
  readonly predecessor?: EndedRun;
  /** What was seen before this run was begun; absent where there was no run. */
  readonly after?: StartedAfter;
}

/** Argument of the signal `look`: does the lane of this key still run? */
export interface LookSignal {
  readonly key: string;
}

/** Argument of the signal `finished`, with which a lane gives its key back and ends. */
export interface FinishedSignal {
  readonly key: string;
  /** Number of the last event that was forwarded to it. */
  readonly through: number;
}

/** Argument of `pause`, as an update or as a plain signal, for a key that has no lane of its own. */
export interface PauseSignal extends VerbArgs {
  readonly key: string;
}

/** Argument of the update `decide`: a verb for a key that has no lane of its own. Its answer is a {@link Decision}. */
export interface DecideArgs extends VerbArgs {
  readonly key: string;
  readonly verb: VerbName;
}
