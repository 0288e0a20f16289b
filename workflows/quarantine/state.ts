/**
 * The quarantine: records without a usable key, as pure functions from state and input to state (O8).
 *
 * The earliest lie in segments, the latest in the state. Nothing is kept here of what has been decided in a segment but
 * how much is left of all: each segment is told which of its records are out, and its own history remembers that. So the
 * state stays small, however many records there are and in whatever order they are decided on.
 *
 * Invariants:
 * Q1 A position is taken in only beyond its shard's mark, and the mark moves with it (O6).
 * Q2 A record leaves the state only when the segment that holds it is known to have been started (O5).
 * Q3 A record is out only by a person's verb: skipped, or accepted by the lane of its key (O4, O8).
 */
import type { SegmentLimits, SegmentName } from '../../contracts/lane/backlog.ts';
import { countWeighed, eventWeight } from '../../contracts/event/weight.ts';
import type { QuarantineState } from '../../contracts/quarantine/state.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineLimits } from '../../contracts/quarantine/options.ts';
import type { QuarantineSignal } from '../../contracts/quarantine/messages.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';
import { admit } from '../shared/admission.ts';
import { withoutSegment, withSegment } from '../../contracts/lane/segment-ranges.ts';

const MAX_BYTES_PER_CHARACTER = 3;

export function emptyQuarantine(startedAt: number): QuarantineState {
  return {
    records: [],
    segments: [],
    held: 0,
    unacknowledged: {},
    marks: {},
    behindSince: {},
    remembersSince: startedAt,
    jobs: [],
    lastRedriven: 0,
    decisions: [],
  };
}

/** Accepts records (O4): see workflows/shared/admission.ts for what is dropped. */
export function keep(
  state: QuarantineState,
  { leaseUntil, records }: QuarantineSignal,
  { leaseMarginMs }: QuarantineLimits,
): QuarantineState {
  const arrival = { leaseUntil, items: records, placeOf: ({ position }: QuarantinedRecord) => position };
  const { memory, fresh } = admit(state, arrival, leaseMarginMs);
  return { ...state, ...memory, records: [...state.records, ...fresh] };
}

export function withLoss(state: QuarantineState, message: string): QuarantineState {
  return { ...state, lost: state.lost === undefined ? message : `${state.lost} ${message}` };
}

export function countOf({ records, held }: QuarantineState): number {
  return records.length + held;
}

/** The records that the next segment should hold. */
export function nextSegment({ records }: QuarantineState, limits: SegmentLimits): readonly QuarantinedRecord[] {
  return records.slice(0, countWeighed(records, limits, weightOf));
}

export function isLong(state: QuarantineState, limits: SegmentLimits): boolean {
  return nextSegment(state, limits).length < state.records.length;
}

/** The reason and the partition key count too, for as much as they may take in Temporal. */
function weightOf(record: QuarantinedRecord): number {
  const { reason, partitionKey = '' } = record;
  return eventWeight(record) + MAX_BYTES_PER_CHARACTER * (reason.length + partitionKey.length);
}

/** The first records of the state are in this segment by now. */
export function movedToSegment(state: QuarantineState, count: number, segment: SegmentName): QuarantineState {
  return { ...withNew(state, segment), records: state.records.slice(count), held: state.held + count };
}

/** A segment with one record, which is held beside the others. */
export function withOne(state: QuarantineState, segment: SegmentName): QuarantineState {
  return { ...withNew(state, segment), held: state.held + 1 };
}

function withNew(state: QuarantineState, segment: SegmentName): QuarantineState {
  return { ...state, segments: withSegment(state.segments, segment), latestSegment: segment };
}

/** So many records of a segment are out. It is not needed any more when that is all that was left of it. */
export function decided(
  state: QuarantineState,
  segment: SegmentName,
  { count, undecided }: { readonly count: number; readonly undecided: number },
): QuarantineState {
  const after = { ...state, held: state.held - count };
  return count < undecided ? after : withoutHolding(after, segment);
}

/** A segment in which there is nothing any more. */
export function withoutHolding(state: QuarantineState, segment: SegmentName): QuarantineState {
  const { [nameOf(segment)]: _told, ...unacknowledged } = state.unacknowledged;
  const segments = withoutSegment(state.segments, segment);
  // Without any, nothing is held: what was in segments that are gone is forgotten with the last of the others.
  return { ...state, held: segments.length === 0 ? 0 : state.held, unacknowledged, segments };
}

/** What a segment could not be told. */
export function remembered(state: QuarantineState, segment: SegmentName, indexes: readonly number[]): QuarantineState {
  const name = nameOf(segment);
  return {
    ...state,
    unacknowledged: { ...state.unacknowledged, [name]: [...(state.unacknowledged[name] ?? []), ...indexes] },
  };
}

export function unacknowledgedOf(
  { unacknowledged }: QuarantineState,
  segments: readonly SegmentName[],
): (readonly number[])[] {
  return segments.map((segment) => unacknowledged[nameOf(segment)] ?? []);
}

function nameOf({ epoch, number }: SegmentName): string {
  return `${epoch}-${number}`;
}

/** What an answer may hold of what has not been moved yet: more is there only while a worker catches up. */
const SHOWN: SegmentLimits = { events: 10_000, bytes: 1024 * 1024 };

export function viewOf(state: QuarantineState): QuarantineView {
  const { records, segments, jobs, decisions, redrive, lost } = state;
  const shown = nextSegment(state, SHOWN);
  return {
    count: countOf(state),
    segments,
    records: shown,
    ...(shown.length === records.length ? {} : { more: true }),
    pending: jobs.map(({ decision }) => decision),
    decisions,
    ...(redrive === undefined ? {} : { redrivingFrom: redrive.first }),
    ...(lost === undefined ? {} : { lost }),
  };
}
