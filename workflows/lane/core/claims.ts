/**
 * Which data in the store of large events a lane needs no longer, as pure functions.
 *
 * Invariants:
 * K1 Data is given up only when its event has succeeded, or when an event was dropped that the lane had had, and had done
 *    with: nothing in its queue, its tail or a segment names it (O5). That is in the history by then.
 * K2 Data of an event that a person skipped or replaced is not given up, also when the event is sent again: the decision
 *    names it (O11).
 */
import { comparePositions } from '../../../contracts/event/position.ts';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { placeOf } from '../../shared/marks.ts';

/** As many names as a run may carry on; where nothing can be deleted, the data of the oldest is left behind. */
const MAX_NAMES = 300;

type ClaimsToDelete = Pick<LaneState, 'claimsToDelete'>;

/** Nobody needs the data of these events any more. Undefined when all of it is in the events. */
export function released({ claimsToDelete = [] }: LaneState, events: readonly LaneEvent[]): ClaimsToDelete | undefined {
  const names = events.flatMap(namesOf);
  return names.length === 0
    ? undefined
    : { claimsToDelete: [...new Set([...claimsToDelete, ...names])].slice(-MAX_NAMES) };
}

/** Of events that the lane has had before, those that are not among what it holds. A doubt is none. */
export function passed(lane: LaneState, events: readonly LaneEvent[]): readonly LaneEvent[] {
  const { queue, backlog } = lane;
  const inUse = new Set(events.length === 0 ? [] : namesInUse(lane));
  return events.filter((event) => {
    if (namesOf(event).some((name) => inUse.has(name))) return false;
    const place = placeOf(event);
    const inPlace = (held: LaneEvent) => placeOf(held).shardId === place.shardId;
    // What a segment holds lies behind the queue, and is not known here.
    const first = queue.find(inPlace) ?? ((backlog?.segments ?? []).length === 0 ? backlog?.tail.find(inPlace) : 'any');
    if (first === 'any') return false;
    return first === undefined || comparePositions(place, placeOf(first)) < 0;
  });
}

function namesInUse({ queue, backlog, decisions }: LaneState): readonly string[] {
  const decided = decisions.flatMap(({ claimBefore }) => claimBefore ?? []);
  return [...decided, ...queue.flatMap(namesOf), ...(backlog?.tail ?? []).flatMap(namesOf)];
}

function namesOf({ data }: LaneEvent): readonly string[] {
  return 'claim' in data ? [data.claim.name] : [];
}

/** The data of these names is gone, or was given up on. */
export function withoutClaimsToDelete(lane: LaneState, names: readonly string[]): LaneState {
  const { claimsToDelete = [], ...rest } = lane;
  const left = claimsToDelete.filter((name) => !names.includes(name));
  return left.length === 0 ? rest : { ...rest, claimsToDelete: left };
}
