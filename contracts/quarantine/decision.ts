import type { NewDataArgs } from '../event/new-data.ts';
import type { ClaimedData, InlineData } from '../event/event.ts';
import type { SegmentRange } from '../lane/backlog.ts';

/** Each is an update and a plain signal of the same name. */
export const QUARANTINE_VERBS = ['retry', 'skip', 'replace'] as const;

export type QuarantineVerbName = (typeof QUARANTINE_VERBS)[number];

/** Argument of a verb, as an update or as a plain signal: one of `position`, `positions`, `matching` and `all`, and who and why. */
export interface QuarantineVerbArgs extends NewDataArgs {
  /** `shardId:sequenceNumber[:subSequenceNumber]` */
  readonly position?: string;
  readonly positions?: readonly string[];
  /** All records whose reason contains this string. */
  readonly matching?: string;
  readonly all?: boolean;
  readonly by?: string;
  readonly reason?: string;
}

/** Maximum number of positions in one verb. */
export const MAX_POSITIONS = 100;

export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'matching'; readonly text: string }
  /** The positions that have not been found yet. */
  | { readonly kind: 'positions'; readonly positions: readonly string[] };

/** A verb that is being carried out on the segments that existed when it started. */
export interface QuarantineJob {
  readonly selection: Selection;
  /** New data of the record, for `replace`. */
  readonly data?: InlineData | ClaimedData;
  /** Size of the new data in bytes. */
  readonly size?: number;
  /** Segments that it has not processed yet; absent until it starts. */
  readonly left?: readonly SegmentRange[];
  /** Index of the next record in the first of them. */
  readonly from: number;
  /** Its result so far. */
  readonly decision: QuarantineDecision;
}

/** What a verb did (O11). A refused verb changed nothing. */
export interface QuarantineDecision {
  readonly id: string;
  readonly verb: QuarantineVerbName;
  readonly outcome: 'going on' | 'done' | 'refused';
  /** Why it was refused, or was not carried out completely. */
  readonly why?: string;
  /** A code of contracts/rejection.ts, set when it was refused; a string for the same reason as that of a lane's decision. */
  readonly code?: string;
  readonly at: number;
  readonly by: string;
  readonly reason?: string;
  /** A description of the records that it was for. */
  readonly target: string;
  /** Number of records that it resolved: they left the quarantine. */
  readonly decided: number;
  /** Number of records that still have no key. */
  readonly kept: number;
  /** The first few resolved records. */
  readonly records: readonly DecidedRecord[];
  /** The first record that still has no key, and why. */
  readonly firstKept?: { readonly position: string; readonly reason: string };
}

/** A resolved record. Its strings are truncated. */
export interface DecidedRecord {
  readonly position: string;
  readonly reason: string;
  readonly key?: string;
  readonly dataBefore: string;
  readonly dataAfter?: string;
  /** The name of the previous data in the store of large events, where it stays: see `Claim` in event.ts. */
  readonly claimBefore?: string;
}
