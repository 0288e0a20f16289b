/**
 * What a run of a pool had on its way to lanes when it was ended from outside. The run that takes over from it cannot see
 * whether that has arrived, and the lane may have finished it meanwhile and be gone: so it asks (O1, O6).
 */
import { patched } from '@temporalio/workflow';
import type { LaneStart, MovedKey } from '../../../contracts/pool/state.ts';

/** What was done before there was such a question replays without it. */
export const checksDelivery = (): boolean => patched('what may have arrived is asked for');

/** The keys that had moved out, as the next run takes them over. */
export function deliveryUnknown(moved: Readonly<Record<string, MovedKey>>): Readonly<Record<string, MovedKey>> {
  const all = Object.entries(moved);
  if (all.length === 0 || !checksDelivery()) return moved;
  return Object.fromEntries(all.map(([key, one]) => [key, { ...one, deliveryUnknown: true }]));
}

/** Stands for this beginning of a lane, in its memo. */
export function laneStartId(start: LaneStart): string {
  return start.kind === 'fresh' ? start.id : start.predecessor.runId;
}
