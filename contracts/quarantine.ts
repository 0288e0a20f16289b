import { DEFAULT_SEGMENT_LIMITS, type SegmentLimits, type SegmentName, type SegmentRange } from './backlog.ts';
import type { Claim, ClaimedData, EventData, InlineData } from './event.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions } from './lane.ts';
import type { Position } from './position.ts';
import type { BegunAfter, EndedRun } from './remains.ts';

/** A record that has no usable key, kept until a person decides (O8). In recorded histories: fields are only added. */
export interface QuarantinedRecord {
  readonly position: Position;
  readonly arrivedAt: number;
  readonly data: EventData;
  readonly size: number;
  /** What the key function threw or returned. */
  readonly reason: string;
  /** What a key function is given besides the data. Absent in records that an earlier version has put here. */
  readonly partitionKey?: string;
  /** How often `replace` has given this record new data. */
  readonly replaced?: number;
}

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
  readonly after?: BegunAfter;
}

export interface QuarantineLimits {
  /** More than this goes into a segment. */
  readonly segments: SegmentLimits;
  /** Records that a verb decides on in one step. */
  readonly batch: number;
  /** As a lane's. */
  readonly leaseMarginMs: number;
  readonly decisionsKept: number;
}

export const DEFAULT_QUARANTINE_LIMITS: QuarantineLimits = {
  segments: DEFAULT_SEGMENT_LIMITS,
  batch: 100,
  leaseMarginMs: DEFAULT_LANE_OPTIONS.leaseMarginMs,
  decisionsKept: DEFAULT_LANE_OPTIONS.decisionsKept,
};

/** Those of a pipeline's lanes, where both have them. */
export function quarantineLimits({ decisionsKept, leaseMarginMs, segments }: LaneOptions): QuarantineLimits {
  const own = { ...DEFAULT_QUARANTINE_LIMITS, decisionsKept, leaseMarginMs };
  return segments === undefined ? own : { ...own, segments };
}

/** All of a quarantine that outlives a run. */
export interface QuarantineState {
  /** The latest, which are in no segment yet. */
  readonly records: readonly QuarantinedRecord[];
  /** In the order of arrival. Which of its records have been decided on, a segment's own history says. */
  readonly segments: readonly SegmentRange[];
  /** The segment that was started last. */
  readonly latestSegment?: SegmentName;
  /** Records in segments on which nobody has decided. */
  readonly held: number;
  /** Indexes of records that are out, of segments that could not be told: they were ended from outside. By their names. */
  readonly untold: Readonly<Record<string, readonly number[]>>;
  /** These three are what a lane's are: see {@link LaneState}. */
  readonly marks: Readonly<Record<string, Position>>;
  readonly behindSince: Readonly<Record<string, number>>;
  readonly remembersSince: number;
  /** Verbs that are carried out, one after the other; the first is under way. */
  readonly jobs: readonly QuarantineJob[];
  /** Records of the first job that are on their way to their lanes. */
  readonly bringing?: Bringing;
  /** The number of the record that was brought last. */
  readonly brought: number;
  /** The latest last. */
  readonly decisions: readonly QuarantineDecision[];
  /** What is known of records that are gone, until a person who has read it leaves all records out (O5). */
  readonly lost?: string;
}

/** A state from an earlier run. Earlier versions had records and marks only. */
export type CarriedQuarantine = Pick<QuarantineState, 'records' | 'marks'> & Partial<QuarantineState>;

/**
 * Records with the keys that the key function has found, which stay what they are until each lane has accepted: so a
 * repeat, whatever the settings are by then, goes to the same lane and is known there (O6).
 */
export interface Bringing {
  readonly segment: SegmentName;
  /** Records of the segment on which nobody has decided, these included. */
  readonly undecided: number;
  readonly entries: readonly { readonly index: number; readonly key: string }[];
  /** Number of the first; the others follow. See `late` of {@link LaneEvent}. */
  readonly first: number;
}

/** The name under which a lane keeps the mark of what the quarantine brings. No shard can have it. */
export const QUARANTINE_MARK = 'quarantine/';

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
export const MOST_POSITIONS = 100;

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
  readonly on: string;
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

export interface SegmentSearch {
  readonly pipeline: string;
  /** Workflow ids, in their order. */
  readonly segments: readonly string[];
  /** Index of the first record that is wanted of the first of them. */
  readonly from: number;
  readonly selection: Selection;
  /** Records at the most. */
  readonly most: number;
  /** The key of this data is asked for, and not of what the record holds. */
  readonly data?: InlineData | ClaimedData;
  readonly size?: number;
  /** For each of the segments, indexes of records that are out and of which it has not been told. */
  readonly decided: readonly (readonly number[])[];
}

/** What was found, in the first segment that has any of what is looked for. */
export interface SegmentFinding {
  /** How many of the segments have been looked through to their ends. */
  readonly through: number;
  /** Where to go on in the segment behind those. */
  readonly from: number;
  /** Those of the segments that nobody has any more. */
  readonly gone: readonly string[];
  /** Those of which all records are out, as it may be after the quarantine was ended or reset from outside, if any. */
  readonly empty?: readonly string[];
  /** Records on which nobody has decided, in all the segments that were looked at. */
  readonly undecided: number;
  readonly hit?: SegmentHit;
}

export interface SegmentHit {
  /** Which of the segments. */
  readonly at: number;
  /** Records of it on which nobody has decided. */
  readonly undecided: number;
  readonly records: readonly FoundRecord[];
}

export interface FoundRecord {
  readonly index: number;
  readonly position: string;
  /** What the present key function has found, where it was asked. */
  readonly key?: string;
  /** Why it has no key, as of now where the key function was asked. Cut. */
  readonly reason: string;
  /** How its data begins. */
  readonly data: string;
  /** The name of its data in the store of large events, where it is there. */
  readonly claim?: string;
  /** The record with the new data that the search brought along, and the index of the old one above. */
  readonly replacement?: QuarantinedRecord;
}

/** The activity of a quarantine on the task queue where it runs itself. */
export interface SearchingActivities {
  findRecords(search: SegmentSearch): Promise<SegmentFinding>;
}

/** The activities of a quarantine on the reading task queue, where the settings are. */
export interface BringingActivities {
  /** Runs the present key function. */
  findKeys(search: SegmentSearch): Promise<SegmentFinding>;
  /** Resolves when each of the lanes has accepted. */
  bringRecords(input: BringInput): Promise<void>;
}

export interface BringInput extends Pick<Bringing, 'entries' | 'first'> {
  readonly pipeline: string;
  /** Workflow id. */
  readonly segment: string;
}

/** Answer of the query `quarantine`. */
export interface QuarantineView {
  /** All there are, exactly. */
  readonly count: number;
  /** The earliest of them. */
  readonly segments: readonly SegmentRange[];
  /** And behind those. */
  readonly records: readonly QuarantinedRecord[];
  /** There are more behind these, which go into segments in a moment. */
  readonly more?: boolean;
  /** Verbs that are not done yet, as far as they have come. */
  readonly pending: readonly QuarantineDecision[];
  readonly decisions: readonly QuarantineDecision[];
  /** Number of the first record that may still be sent to its lane; absent when none is on its way. */
  readonly bringingFrom?: number;
  /** Set until what the run before held is in this view: it was ended from outside. */
  readonly takesOver?: EndedRun;
  /** Records are gone, and this is known of it. */
  readonly lost?: string;
}
