import type { ClaimedData, InlineData } from '../event/event.ts';
import type { Selection } from './decision.ts';
import type { QuarantinedRecord } from './record.ts';
import type { Redrive } from './state.ts';

export interface SegmentSearch {
  readonly pipeline: string;
  /** Workflow ids, in their order. */
  readonly segments: readonly string[];
  /** Index of the first record that is wanted of the first of them. */
  readonly from: number;
  readonly selection: Selection;
  /** Records at the most. */
  readonly max: number;
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
export interface RedrivingActivities {
  /** Runs the present key function. */
  findKeys(search: SegmentSearch): Promise<SegmentFinding>;
  /** Resolves when each of the lanes has accepted. */
  redriveRecords(input: RedriveInput): Promise<void>;
}

export interface RedriveInput extends Pick<Redrive, 'entries' | 'first'> {
  readonly pipeline: string;
  /** Workflow id. */
  readonly segment: string;
}
