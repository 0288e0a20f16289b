import type { SegmentRange } from '../lane/backlog.ts';
import type { QuarantineDecision } from './decision.ts';
import type { QuarantinedRecord } from './record.ts';
import type { EndedRun } from '../run.ts';

/** Answer of the query `quarantine`. */
export interface QuarantineView {
  /** Exact number of records. */
  readonly count: number;
  /** The segments with the earliest records. */
  readonly segments: readonly SegmentRange[];
  /** The records after the segments. */
  readonly records: readonly QuarantinedRecord[];
  /** There are more records after these, which are about to be moved to segments. */
  readonly more?: boolean;
  /** Verbs in progress, with their results so far. */
  readonly pending: readonly QuarantineDecision[];
  readonly decisions: readonly QuarantineDecision[];
  /** Redrive sequence number of the first record that may still be sent to its lane; absent if none is. */
  readonly redrivingFrom?: number;
  /** Set while the quarantine recovers from this run, which was terminated externally; the other fields may be incomplete. */
  readonly recovering?: EndedRun;
  /** Set when records are gone: what is known of them. */
  readonly lost?: string;
}
