import type { QuarantineLimits } from './options.ts';
import type { QuarantinedRecord } from './record.ts';
import type { QuarantineState } from './state.ts';
import type { StartedAfter, EndedRun } from '../run.ts';
import type { Version } from '../version.ts';

export interface QuarantineSignal {
  readonly leaseUntil: number;
  readonly records: readonly QuarantinedRecord[];
}

export interface QuarantineInput {
  readonly version: Version;
  readonly pipeline: string;
  readonly signalsPerRun: number;
  readonly limits: QuarantineLimits;
  readonly carried?: QuarantineState;
  /** The previous run, if it was terminated externally and its state has to be recovered. */
  readonly predecessor?: EndedRun;
  /** The run that the starter saw as the latest; absent if there was none. */
  readonly after?: StartedAfter;
}

/** Argument of a segment that holds records of a quarantine. */
export interface QuarantineSegmentInput {
  readonly version: Version;
  readonly pipeline: string;
  readonly records: readonly QuarantinedRecord[];
}

/** Argument of the signal `decided` of such a segment: indexes of records that have left the quarantine. */
export interface DecidedSignal {
  readonly indexes: readonly number[];
}
