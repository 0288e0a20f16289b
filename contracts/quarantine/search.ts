import type { ClaimedData, InlineData } from '../event/event.ts';
import type { Selection } from './decision.ts';
import type { QuarantinedRecord } from './record.ts';
import type { Redrive } from './state.ts';

export interface SegmentSearch {
  readonly pipeline: string;
  /** Workflow ids, in order. */
  readonly segments: readonly string[];
  /** Index of the first record in the first segment. */
  readonly from: number;
  readonly selection: Selection;
  /** Maximum number of records. */
  readonly max: number;
  /** Find the key of this data, instead of that of the record. */
  readonly data?: InlineData | ClaimedData;
  readonly size?: number;
  /** For each segment, indexes of records that have left the quarantine without the segment knowing it. */
  readonly decided: readonly (readonly number[])[];
}

/** The result of a search: the first segment that has matching records. */
export interface SegmentFinding {
  /** Number of segments that have been searched completely. */
  readonly through: number;
  /** Index at which to continue in the segment after those. */
  readonly from: number;
  /** Segments that no longer exist. */
  readonly gone: readonly string[];
  /** Segments without undecided records, which can exist after the quarantine was terminated or reset. */
  readonly empty?: readonly string[];
  /** Number of undecided records in all segments that were searched. */
  readonly undecided: number;
  readonly hit?: SegmentHit;
}

export interface SegmentHit {
  /** Index of the segment. */
  readonly at: number;
  /** Number of its undecided records. */
  readonly undecided: number;
  readonly records: readonly FoundRecord[];
}

export interface FoundRecord {
  readonly index: number;
  readonly position: string;
  /** The key that the current key function returns, if it was called. */
  readonly key?: string;
  /** Why it has no key, according to the current key function if it was called. Truncated. */
  readonly reason: string;
  /** The first characters of its data. */
  readonly data: string;
  /** The name of its data in the store of large events, if it is there. */
  readonly claim?: string;
  /** The record with the new data of the search; `index` is that of the original. */
  readonly replacement?: QuarantinedRecord;
}

/** The activity of a quarantine on its own task queue. */
export interface SearchingActivities {
  findRecords(search: SegmentSearch): Promise<SegmentFinding>;
}

/** The activities of a quarantine on the reading task queue, whose workers have the settings. */
export interface RedrivingActivities {
  /** Searches with the current key function. */
  findKeys(search: SegmentSearch): Promise<SegmentFinding>;
  /** Resolves when every lane has accepted its records. */
  redriveRecords(input: RedriveInput): Promise<void>;
}

export interface RedriveInput extends Pick<Redrive, 'entries' | 'first'> {
  readonly pipeline: string;
  /** Workflow id. */
  readonly segment: string;
}
