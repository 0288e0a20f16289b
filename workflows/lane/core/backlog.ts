/**
 * The long backlog of a lane, as pure functions: which events move from the lane's own state to segments and back. See
 * {@link Backlog} for its parts.
 *
 * Invariants:
 * B1 Queue, segments and tail, in this sequence, are the lane's events in order (O1, O4).
 * B2 An event leaves the tail only when the segment that holds it is known to have started, and a segment is released
 *    only when all its events are back in the lane's queue: at any moment each event is in one of them (O5).
 * B3 A backlog without a segment exists only while the first segment is being started. A recovered lane in that state gets
 *    its tail back in the queue.
 */
import type { Backlog, SegmentLimits, SegmentName, SliceAnswer } from '../../../contracts/lane/backlog.ts';
import { withoutFirst, withSegment } from '../../../contracts/lane/segment-ranges.ts';
import { countWithin } from '../../../contracts/event/weight.ts';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import { jsonBytes } from '../../../lib/pure/json-bytes.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';

/** Maximum number of segments that are started with one workflow task, each of which has some delay. */
const STARTED_AT_ONCE = 8;
/** Maximum bytes of these, a single larger segment is allowed: Temporal accepts messages of 4 MiB. */
const STARTED_BYTES = 2 * 1024 * 1024;

const EMPTY: Backlog = { segments: [], taken: 0, events: 0, bytes: 0, tail: [] };

/** Number of queued events of the lane, wherever they are kept. */
export function depthOf({ queue, backlog = EMPTY }: LaneState): number {
  return queue.length + backlog.events + backlog.tail.length;
}

/** Appends new events after all others. */
export function append(lane: LaneState, events: readonly LaneEvent[]): Pick<LaneState, 'queue' | 'backlog'> {
  const { queue, backlog } = lane;
  if (backlog === undefined) return { queue: [...queue, ...events] };
  return { queue, backlog: { ...backlog, tail: [...backlog.tail, ...events] } };
}

/**
 * Whether a lane that makes no progress holds more than it should: half a segment in its queue, and in its tail less than
 * a segment.
 */
export function isLong(lane: LaneState, limits: SegmentLimits): boolean {
  const { queue, backlog } = lane;
  const waiting = backlog === undefined ? queue.slice(keptInQueue(lane, limits)) : backlog.tail;
  return countWithin(waiting, limits) < waiting.length;
}

/** Moves what the queue need not keep to the tail, from which segments are filled. */
export function withTail(lane: LaneState, limits: SegmentLimits): LaneState {
  const { queue, backlog } = lane;
  const kept = keptInQueue(lane, limits);
  if (backlog !== undefined || kept >= queue.length) return lane;
  return { ...lane, queue: queue.slice(0, kept), backlog: { ...EMPTY, tail: queue.slice(kept) } };
}

/** The events that the next segments should hold: the last of several is as full as the others. */
export function nextSegments({ backlog = EMPTY }: LaneState, limits: SegmentLimits): readonly (readonly LaneEvent[])[] {
  const segments: (readonly LaneEvent[])[] = [];
  let bytes = 0;
  for (let from = 0; segments.length < STARTED_AT_ONCE;) {
    const left = backlog.tail.slice(from);
    const events = left.slice(0, countWithin(left, limits));
    bytes += jsonBytes(events);
    const isFirst = segments.length === 0;
    if (events.length === 0 || (!isFirst && (events.length === left.length || bytes > STARTED_BYTES))) break;
    segments.push(events);
    from += events.length;
  }
  return segments;
}

/** The first events of the tail are in this segment by now. */
export function movedToSegment(lane: LaneState, count: number, segment: SegmentName): LaneState {
  const { backlog = EMPTY } = lane;
  const events = backlog.tail.slice(0, count);
  return {
    ...lane,
    backlog: {
      ...backlog,
      segments: withSegment(backlog.segments, segment),
      events: backlog.events + count,
      bytes: backlog.bytes + sizeOf(events),
      tail: backlog.tail.slice(count),
    },
  };
}

/** The segment from which the queue is to be filled up; undefined when there is none. */
export function firstSegment({ backlog = EMPTY }: LaneState): (SegmentName & { readonly from: number }) | undefined {
  const [range] = backlog.segments;
  return range === undefined ? undefined : { epoch: range.epoch, number: range.first, from: backlog.taken };
}

/** The segment that was started last, while any exists. */
export function latestSegment(lane: LaneState | undefined): SegmentName | undefined {
  const range = lane?.backlog?.segments.at(-1);
  return range && { epoch: range.epoch, number: range.last };
}

/** Moves these events of the first segment back to the queue. */
export function takenBack(lane: LaneState, { events, last }: SliceAnswer): LaneState {
  const { backlog = EMPTY } = lane;
  return joined({
    ...lane,
    queue: [...lane.queue, ...events],
    backlog: {
      ...backlog,
      segments: last ? withoutFirst(backlog.segments) : backlog.segments,
      taken: last ? 0 : backlog.taken + events.length,
      events: backlog.events - events.length,
      bytes: backlog.bytes - sizeOf(events),
    },
  });
}

/** The content of the first segment is gone. How much that was is known only if it was the only segment. */
export function withoutFirstSegment(lane: LaneState): LaneState {
  const { backlog = EMPTY } = lane;
  const segments = withoutFirst(backlog.segments);
  return joined({ ...lane, backlog: { ...backlog, segments, taken: 0 } });
}

/** Without segments, the tail follows the queue directly, and becomes part of it (B3). */
export function joined(lane: LaneState): LaneState {
  const { backlog, ...rest } = lane;
  if (backlog === undefined || backlog.segments.length > 0) return lane;
  return { ...rest, queue: [...lane.queue, ...backlog.tail] };
}

/** The queue keeps half a segment, which is as much as comes back from one at a time, and the events in process. */
function keptInQueue({ phase, queue }: LaneState, limits: SegmentLimits): number {
  return Math.max(countWithin(queue, halfOf(limits)), phase.state === 'running' ? phase.count : 1);
}

/** The part of the backlog that is in the queue is carried from run to run with the rest of the state. */
export function halfOf({ bytes, events }: SegmentLimits): SegmentLimits {
  return { bytes: Math.ceil(bytes / 2), events: Math.ceil(events / 2) };
}

function sizeOf(events: readonly LaneEvent[]): number {
  return events.reduce((sum, { size }) => sum + size, 0);
}
