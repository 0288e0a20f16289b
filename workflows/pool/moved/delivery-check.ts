/**
 * What a run of a pool had on its way to lanes when it was terminated externally. The run that takes over from it cannot see
 * whether that has arrived, and the lane may have finished it meanwhile and be gone: so it asks (O1, O6).
 */
import type { LaneStart, MovedKey } from '../../../contracts/pool/state.ts';

/** The keys that had moved out, as the next run takes them over. */
export function deliveryUnknown(moved: Readonly<Record<string, MovedKey>>): Readonly<Record<string, MovedKey>> {
  return Object.fromEntries(Object.entries(moved).map(([key, one]) => [key, { ...one, deliveryUnknown: true }]));
}

/** Stands for this beginning of a lane, in its memo. */
export function laneStartId(start: LaneStart): string {
  return start.kind === 'fresh' ? start.id : start.predecessor.runId;
}
