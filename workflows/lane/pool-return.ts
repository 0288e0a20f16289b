import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { VerbArgs } from '../../contracts/lane/decision.ts';
import { SIGNALS } from '../../contracts/names.ts';
import { FORWARDED_MARK, type FinishedSignal, type PauseSignal } from '../../contracts/pool/messages.ts';

/**
 * Tells the pool that the lane has finished all that it was given, so the key is its own again. Whoever says so ends, unless
 * more was forwarded just then: see M2 in workflows/pool/moved/moved-keys.ts.
 * @returns false when the pool cannot be told now
 */
export async function giveBack(pool: string, key: string, lane: LaneState): Promise<boolean> {
  const through = Number(lane.marks[FORWARDED_MARK]?.sequenceNumber ?? 0);
  try {
    await getExternalWorkflowHandle(pool).signal<[FinishedSignal]>(SIGNALS.finished, { key, through });
    return true;
  } catch (error) {
    log.warn('The pool of this key cannot be told that its lane has finished; it is told again', { error });
    return false;
  }
}

/** A pause that came as a signal when the key had just been given back. */
export async function passPauseOn(pool: string, key: string, args: VerbArgs): Promise<void> {
  try {
    await getExternalWorkflowHandle(pool).signal<[PauseSignal]>('pause', { ...args, key });
  } catch (error) {
    log.error('A pause came when the key was on its way back to its pool, which could not be told of it', {
      error,
      args,
    });
  }
}
