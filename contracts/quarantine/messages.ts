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
  /** @default DEFAULT_QUARANTINE_LIMITS */
  readonly limits?: QuarantineLimits;
  readonly carried?: CarriedQuarantine;
  /** The previous run, if it was terminated externally and its state has to be recovered. */
  readonly predecessor?: EndedRun;
  /** The run that the starter saw as the latest; absent if there was none. */
  readonly after?: StartedAfter;
}

/** Argument of a segment that holds records of a quarantine. */
export interface QuarantineSegmentInput {
  readonly version: 1;
  readonly pipeline: string;
  readonly records: readonly QuarantinedRecord[];
}

/** Argument of the signal `decided` of such a segment: indexes of records that have left the quarantine. */
export interface DecidedSignal {
  readonly indexes: readonly number[];
}
