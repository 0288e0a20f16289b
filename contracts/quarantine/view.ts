import type { SegmentRange } from '../lane/backlog.ts';
import type { QuarantineDecision } from './decision.ts';
import type { QuarantinedRecord } from './record.ts';
import type { EndedRun } from '../run.ts';

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
  readonly redrivingFrom?: number;
  /** Set until what the run before held is in this view: it was ended from outside. */
  readonly takesOver?: EndedRun;
  /** Records are gone, and this is known of it. */
  readonly lost?: string;
}
