import type { Position } from '../event/position.ts';
import type { SegmentName, SegmentRange } from '../lane/backlog.ts';
import type { QuarantineDecision, QuarantineJob } from './decision.ts';
import type { QuarantinedRecord } from './record.ts';

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
  readonly unacknowledged: Readonly<Record<string, readonly number[]>>;
  /** These three are what a lane's are: see {@link LaneState}. */
  readonly marks: Readonly<Record<string, Position>>;
  readonly behindSince: Readonly<Record<string, number>>;
  readonly remembersSince: number;
  /** Verbs that are carried out, one after the other; the first is under way. */
  readonly jobs: readonly QuarantineJob[];
  /** Records of the first job that are on their way to their lanes. */
  readonly redrive?: Redrive;
  /** The number of the record that was brought last. */
  readonly lastRedriven: number;
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
export interface Redrive {
  readonly segment: SegmentName;
  /** Records of the segment on which nobody has decided, these included. */
  readonly undecided: number;
  readonly entries: readonly { readonly index: number; readonly key: string }[];
  /** Number of the first; the others follow. See `late` of {@link LaneEvent}. */
  readonly first: number;
}
