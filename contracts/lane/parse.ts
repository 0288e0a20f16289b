/** One parser for each message that comes to a lane, or that others read of one. */
import {
  count,
  list,
  number,
  object,
  optional,
  parse,
  parseOrNone,
  string,
  type Parsed,
  type Shape,
} from '../../lib/pure/shape.ts';
import { failure, laneEvent } from '../event/shapes.ts';
import { recoveryFields } from '../run-shapes.ts';
import { parseVersioned, version } from '../version.ts';
import type { SegmentInput, SegmentMemo, SliceAnswer } from './backlog.ts';
import type { LaneInput, RecordsSignal } from './messages.ts';
import { laneOptions, laneState, sliceAnswer } from './shapes.ts';
import type { LaneMemo } from './view.ts';

const records: Shape<RecordsSignal> = object<RecordsSignal>({ leaseUntil: number, events: list(laneEvent) });

export function parseRecords(value: unknown): Parsed<RecordsSignal> {
  return parse(records, value);
}

const laneInput: Shape<LaneInput> = object<LaneInput>({
  version,
  pipeline: string,
  key: string,
  options: laneOptions,
  carried: optional(laneState),
  ...recoveryFields,
  pool: optional(string),
});

/** @throws {UnknownVersionError | InvalidValueError} */
export function parseLaneInput(value: unknown): LaneInput {
  return parseVersioned(laneInput, value, 'The argument of this lane');
}

const segmentInput: Shape<SegmentInput> = object<SegmentInput>({
  version,
  pipeline: string,
  key: string,
  events: list(laneEvent),
});

/** @throws {UnknownVersionError | InvalidValueError} */
export function parseSegmentInput(value: unknown): SegmentInput {
  return parseVersioned(segmentInput, value, 'The argument of a segment');
}

/** What a segment is said to hold. Without events it would be asked for the same again, at once and for ever. */
export function parseSliceAnswer(value: unknown): Parsed<SliceAnswer> {
  return parse(sliceAnswer, value);
}

const laneMemo: Shape<LaneMemo> = object<LaneMemo>({
  key: string,
  position: optional(string),
  attempts: optional(count),
  failure: optional(failure),
  since: optional(string),
  startId: optional(string),
});

/** Which beginning of a lane by its pool a run is; undefined for any other workflow. */
export function parseStartId(memo: unknown): string | undefined {
  return parseOrNone(object<Pick<LaneMemo, 'startId'>>({ startId: optional(string) }), memo)?.startId;
}

/** Undefined when it is none. */
export function parseLaneMemo(value: unknown): LaneMemo | undefined {
  return parseOrNone(laneMemo, value);
}

const segmentMemo: Shape<SegmentMemo> = object<SegmentMemo>({ count });

/** Undefined when it is none. */
export function parseSegmentMemo(value: unknown): SegmentMemo | undefined {
  return parseOrNone(segmentMemo, value);
}
