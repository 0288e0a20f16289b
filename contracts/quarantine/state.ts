import type { Position } from '../event/position.ts';
import type { SegmentName, SegmentRange } from '../lane/backlog.ts';
import type { QuarantineDecision, QuarantineJob } from './decision.ts';
import type { QuarantinedRecord } from './record.ts';

/** The state of a quarantine that continue-as-new carries from run to run. */
export interface QuarantineState {
  /** The latest records, which are in no segment yet. */
  readonly records: readonly QuarantinedRecord[];
  /** In the order of arrival. The history of a segment says which of its records have been decided on. */
  readonly segments: readonly SegmentRange[];
  /** The segment that was started last. */
  readonly latestSegment?: SegmentName;
  /** Number of undecided records in segments. */
  readonly held: number;
  /** Decisions that a segment could not receive because it was terminated externally: indexes of records, by segment name. */
  readonly unacknowledged: Readonly<Record<string, readonly number[]>>;
  /** For these three see {@link LaneState}. */
  readonly marks: Readonly<Record<string, Position>>;
  readonly behindSince: Readonly<Record<string, number>>;
  readonly remembersSince: number;
  /** Verbs that are carried out one after the other; the first is in progress. */
  readonly jobs: readonly QuarantineJob[];
  /** Records of the first job that are being sent to their lanes. */
  readonly redrive?: Redrive;
  /** The redrive sequence number of the last record that was sent to its lane. */
  readonly lastRedriven: number;
  /** In chronological order. */
  readonly decisions: readonly QuarantineDecision[];
  /** What is known of records that are gone, until an operator acknowledges it with `skip --all` (O5). */
  readonly lost?: string;
}

/**
 * Records with the keys that the key function returned. The keys stay fixed until every lane has accepted its records, so
 * that a repeat goes to the same lane, which recognizes it, even if the settings have changed meanwhile (O6).
 */
export interface Redrive {
  readonly segment: SegmentName;
  /** Number of undecided records of the segment, including these. */
  readonly undecided: number;
  readonly entries: readonly { readonly index: number; readonly key: string }[];
  /** Redrive sequence number of the first; the others follow. See `redriveSequence` of {@link LaneEvent}. */
  readonly first: number;
}
