import type { VerbArgs } from '../lane/decision.ts';
import type { VerbName } from '../names.ts';
import type { PoolOptions } from './options.ts';
import type { PoolEvent, PoolState } from './state.ts';
import type { StartedAfter, EndedRun } from '../run.ts';
import type { Version } from '../version.ts';

/** The mark under which a lane records what its pool has forwarded to it. No shard of a source can have this name. */
export const FORWARDED_MARK = '/pool';

/** Argument of the signal `records` of a pool. */
export interface PoolSignal {
  /** As in the signal `records` of a lane. */
  readonly leaseUntil: number;
  /** In stream order, of one shard or several. */
  readonly events: readonly PoolEvent[];
}

/** Argument of the pool workflow. `carried` is set by continue-as-new only. */
export interface PoolInput {
  readonly version: Version;
  readonly pipeline: string;
  readonly options: PoolOptions;
  readonly carried?: PoolState;
  /** The previous run, if it was terminated externally and its state has to be recovered. */
  readonly predecessor?: EndedRun;
  /** The run that the starter saw as the latest; absent if there was none. */
  readonly after?: StartedAfter;
}

/** Argument of the signal `look`: the pool shall check whether the lane of this key still runs. */
export interface LookSignal {
  readonly key: string;
}

/** Argument of the signal `finished`, with which a lane returns its key to the pool and ends. */
export interface FinishedSignal {
  readonly key: string;
  /** Number of the last event that was forwarded to it. */
  readonly through: number;
}

/** Argument of `pause`, as an update or as a plain signal, for a key without its own lane. */
export interface PauseSignal extends VerbArgs {
  readonly key: string;
}

/** Argument of the update `decide`: a verb for a key without its own lane. Its result is a {@link Decision}. */
export interface DecideArgs extends VerbArgs {
  readonly key: string;
  readonly verb: VerbName;
}
