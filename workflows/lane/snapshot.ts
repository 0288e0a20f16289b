/** What a lane holds, for the run that recovers it: the answers to the queries `runSnapshot` and `snapshotPage`. */
import type { LaneEvent } from '../../contracts/event/event.ts';
import { laneEvent } from '../../contracts/event/shapes.ts';
import type { SegmentLimits } from '../../contracts/lane/backlog.ts';
import { laneState } from '../../contracts/lane/shapes.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { StateParsers } from '../../contracts/recovery/parse.ts';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import { count, list, object, parse } from '../../lib/pure/shape.ts';
import { withTail } from './core/backlog.ts';

/** Bytes of a state that an answer may have: Temporal takes 2 MiB, and there is more around it. */
const MAX_STATE_BYTES = 1024 * 1024;

export interface LaneSnapshot {
  /** Without its tail. */
  readonly lane: LaneState;
  /** How many of the items are the queue, which then is not in the state: it would make the answer too large. The others are the tail. */
  readonly queued: number;
}

export function snapshotOf(
  lane: LaneState,
  limits: SegmentLimits,
): { readonly state: LaneSnapshot; readonly items: number } {
  const { backlog, ...rest } = withTail(lane, limits);
  const tail = backlog?.tail.length ?? 0;
  const state = backlog === undefined ? rest : { ...rest, backlog: { ...backlog, tail: [] } };
  const { queue } = state;
  if (queue.length === 0 || jsonBytes(state) <= MAX_STATE_BYTES)
    return { state: { lane: state, queued: 0 }, items: tail };
  return { state: { lane: { ...state, queue: [] }, queued: queue.length }, items: queue.length + tail };
}

/** The events that {@link snapshotOf} leaves out. */
export function itemsOf(lane: LaneState, limits: SegmentLimits): readonly LaneEvent[] {
  const { queue, backlog } = withTail(lane, limits);
  const tail = backlog?.tail ?? [];
  return snapshotOf(lane, limits).state.queued === 0 ? tail : [...queue, ...tail];
}

const laneSnapshot = object<LaneSnapshot>({ lane: laneState, queued: count });

export const LANE_PARSERS: StateParsers<LaneSnapshot, LaneEvent> = {
  state: (value) => parse(laneSnapshot, value),
  carried: (value) => {
    const parsed = parse(laneState, value);
    return 'problem' in parsed ? parsed : { value: { lane: parsed.value, queued: 0 } };
  },
  items: (value) => parse(list(laneEvent), value),
};
