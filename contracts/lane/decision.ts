import type { NewDataArgs } from '../event/new-data.ts';
import type { Failure } from '../event/failure.ts';
import type { LaneStateName } from './phase.ts';
import type { VerbName } from '../names.ts';

/** Argument of a verb, as an update or as a plain signal. All fields are optional. */
export interface VerbArgs extends NewDataArgs {
  /** The record that it applies to, `shardId:sequenceNumber[:subSequenceNumber]`. Default: the head that has failed. */
  readonly position?: string;
  readonly by?: string;
  readonly reason?: string;
}

/** What a verb did. A refused verb changed nothing. */
export interface Decision {
  readonly verb: VerbName;
  readonly outcome: 'done' | 'refused';
  /** Why it was refused. */
  readonly why?: string;
  /** A code of contracts/rejection.ts. A string here: a lane of an earlier version must be able to recover what a later one held. */
  readonly code?: string;
  readonly at: number;
  readonly by: string;
  readonly reason?: string;
  /** The record that it acted on, or should have acted on. */
  readonly position?: string;
  readonly stateBefore: LaneStateName;
  readonly stateAfter: LaneStateName;
  /** The failure that it decided on. */
  readonly failure?: Failure;
  /** Data before and after a replace, and of a skipped event, cut to {@link DECISION_DATA_CHARS}. */
  readonly dataBefore?: string;
  readonly dataAfter?: string;
  /** The name of the previous data in the store of large events, where it stays: see `Claim` in event.ts. */
  readonly claimBefore?: string;
}

/** Characters of an event's data that a decision keeps. */
export const DECISION_DATA_CHARS = 1024;
