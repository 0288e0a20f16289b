import type { Claim, ClaimedData, InlineData } from '../event/event.ts';
import type { SegmentRange } from '../lane/backlog.ts';

/** Each is an update and a plain signal of the same name. */
export const QUARANTINE_VERBS = ['retry', 'skip', 'replace'] as const;

export type QuarantineVerbName = (typeof QUARANTINE_VERBS)[number];

/** Argument of a verb, as an update or as a plain signal: `position`, `positions`, `matching` or `all`, and who and why. */
export interface QuarantineVerbArgs {
  /** `shardId:sequenceNumber[:subSequenceNumber]` */
  readonly position?: string;
  readonly positions?: readonly string[];
  /** All records whose reason has this text in it. */
  readonly matching?: string;
  readonly all?: boolean;
  readonly by?: string;
  readonly reason?: string;
  /** New data for `replace`: a JSON value, or the bytes as text or base64. */
  readonly data?: unknown;
  readonly text?: string;
  readonly base64?: string;
  /** Or new data that is in the store of large events already, and its bytes. */
  readonly claim?: Claim;
  readonly size?: number;
}

/** The most positions that one verb names. */
export const MAX_POSITIONS = 100;

export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'matching'; readonly text: string }
  /** Those that have not been found yet. */
  | { readonly kind: 'positions'; readonly positions: readonly string[] };

/** A verb on its way through the segments that were there when it began. */
export interface QuarantineJob {
  readonly selection: Selection;
  /** What `replace` gives the record. */
  readonly data?: InlineData | ClaimedData;
  /** Bytes of it; absent in a job of an earlier version. */
  readonly size?: number;
  /** Segments that it has not been through; absent until it begins. */
  readonly left?: readonly SegmentRange[];
  /** Index in the first of them. */
  readonly from: number;
  /** What has come of it so far. */
  readonly decision: QuarantineDecision;
}

/** What a verb did (O11). One that was refused changed nothing. */
export interface QuarantineDecision {
  readonly id: string;
  readonly verb: QuarantineVerbName;
  readonly outcome: 'going on' | 'done' | 'refused';
  /** Why it was refused, or did not do all of it. */
  readonly why?: string;
  readonly at: number;
  readonly by: string;
  readonly reason?: string;
  /** What it was meant for, in words. */
  readonly target: string;
  /** Records that are out of the quarantine by it. */
  readonly decided: number;
  /** Records that still have no key. */
  readonly kept: number;
  /** The first few of those that are out. */
  readonly records: readonly DecidedRecord[];
  /** The first of those that still have no key, and why. */
  readonly firstKept?: { readonly position: string; readonly reason: string };
}

/** Texts are cut. */
export interface DecidedRecord {
  readonly position: string;
  readonly reason: string;
  readonly key?: string;
  readonly dataBefore: string;
  readonly dataAfter?: string;
  /** The name of the data before in the store of large events, where it stays: see {@link Claim}. */
  readonly claimBefore?: string;
}
