/**
 * What a run of a pool had on its way to lanes when it was ended from outside. The run that takes over from it cannot see
 * whether that has arrived, and the lane may have finished it meanwhile and be gone: so it asks (O1, O6).
 */
import { patched } from '@temporalio/workflow';
import type { Beginning, MovedKey } from '../../../contracts/pool/state.ts';

/** What was done before there was such a question replays without it. */
export const asksWhatArrived = (): boolean => patched('what may have arrived is asked for');

/** The keys that had moved out, as the next run takes them over. */
export function inDoubt(moved: Readonly<Record<string, MovedKey>>): Readonly<Record<string, MovedKey>> {
  const all = Object.entries(moved);
  if (all.length === 0 || !asksWhatArrived()) return moved;
  return Object.fromEntries(all.map(([key, one]) => [key, { ...one, inDoubt: true }]));
}

/** Stands for this beginning of a lane, in its memo. */
export function beginningId(begin: Beginning): string {
  return begin.kind === 'anew' ? begin.id : begin.predecessor.runId;
}
