/**
 * Which data in the store of large events a lane no longer needs, as pure functions.
 *
 * Invariants:
 * K1 Data is deleted only when its event has been handled, or when a repeated event was dropped that the lane had already
 *    processed: no event in the queue, the tail or a segment refers to it (O5). That is in the history before the deletion.
 * K2 Data of an event that an operator skipped or replaced is not deleted, even if the event is sent again: the decision
 *    refers to it (O11).
 */
import { comparePositions } from '../../../contracts/event/position.ts';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { placeOf } from '../../shared/marks.ts';

/** Maximum number of names that are carried to the next run. While deleting fails, the oldest data stays in the store. */
const MAX_NAMES = 300;

type ClaimsToDelete = Pick<LaneState, 'claimsToDelete'>;

/** Adds the stored data of these events to what has to be deleted. Undefined if they have no stored data. */
export function released({ claimsToDelete = [] }: LaneState, events: readonly LaneEvent[]): ClaimsToDelete | undefined {
  const names = events.flatMap(namesOf);
  return names.length === 0
    ? undefined
    : { claimsToDelete: [...new Set([...claimsToDelete, ...names])].slice(-MAX_NAMES) };
}

/** Of events that the lane has accepted before, those that it has processed and no longer holds. In doubt, data is kept. */
export function passed(lane: LaneState, events: readonly LaneEvent[]): readonly LaneEvent[] {
  const { queue, backlog } = lane;
  const inUse = new Set(events.length === 0 ? [] : namesInUse(lane));
  return events.filter((event) => {
    if (namesOf(event).some((name) => inUse.has(name))) return false;
    const place = placeOf(event);
    const inPlace = (held: LaneEvent) => placeOf(held).shardId === place.shardId;
    // The content of segments, which come after the queue, is not known here.
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

/** The data with these names was deleted, or is left in the store because it could not be deleted. */
export function withoutClaimsToDelete(lane: LaneState, names: readonly string[]): LaneState {
  const { claimsToDelete = [], ...rest } = lane;
  const left = claimsToDelete.filter((name) => !names.includes(name));
  return left.length === 0 ? rest : { ...rest, claimsToDelete: left };
}
