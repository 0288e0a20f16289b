import type { LaneState } from '../../../contracts/lane/state.ts';
import { FORWARDED_MARK } from '../../../contracts/pool/messages.ts';
import type { LaneStart } from '../../../contracts/pool/state.ts';
import { emptyLane } from '../../lane/core/machine.ts';
import { placeOf } from '../../shared/marks.ts';

/**
 * The state with which the lane of a key starts: the key's own, and the events that are handed to it. Its mark is at the last of
 * these, so that the lane recognizes them if they are forwarded again (O6).
 */
export function firstLane({ events, state }: LaneStart & { readonly kind: 'fresh' }, now: number): LaneState {
  const last = events.at(-1);
  const marks = last === undefined ? {} : { [FORWARDED_MARK]: placeOf(last) };
  return { ...emptyLane(now), ...state, queue: events, marks };
}
