import type { QuarantineLimits } from './options.ts';
import type { QuarantinedRecord } from './record.ts';
import type { CarriedQuarantine } from './state.ts';
import type { StartedAfter, EndedRun } from '../run.ts';

export interface QuarantineSignal {
  readonly leaseUntil: number;
  readonly records: readonly QuarantinedRecord[];
}

export interface QuarantineInput {
  readonly version: 1;
  readonly pipeline: string;
  readonly signalsPerRun: number;
  /** @default DEFAULT_QUARANTINE_LIMITS, for one that an earlier version has started */
  readonly limits?: QuarantineLimits;
  readonly carried?: CarriedQuarantine;
  /** The run before this one was ended from outside. */
  readonly predecessor?: EndedRun;
  /** What was seen before this run was begun; absent where there was no run. */
  readonly after?: StartedAfter;
}

/** Argument of a segment that holds records of a quarantine. */
export interface QuarantineSegmentInput {
  readonly version: 1;
  readonly pipeline: string;
  readonly records: readonly QuarantinedRecord[];
}

/** Argument of the signal `decided` of such a segment: indexes of records that are out of the quarantine. */
export interface DecidedSignal {
  readonly indexes: readonly number[];
}
