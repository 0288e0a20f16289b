/** What a continue-as-new that is due does about the work that is in flight. */
import type { LaneState } from '../../contracts/lane/state.ts';
import type { PendingEvent } from '../../contracts/questions.ts';
import { askForPendingEvent } from '../shared/questions.ts';
import type { RunLimits } from '../shared/run-limits.ts';
import type { LaneWork } from './execution/lane-work.ts';

/** An attempt that begins this soon is not stopped. */
const SOON_MS = 1000;

/** Whether there is something to be done about it now. */
export function mustStopWork(lane: LaneState, work: LaneWork, limits: RunLimits): boolean {
  if (!limits.isDue(lane) || !work.isInFlight) return false;
  return limits.isPressing() || (work.isRetrying && limits.isTimeToLook());
}

/**
 * A batch ends by itself; the attempts at one event may go on for days. These are stopped while they wait, and an attempt
 * that is running is left to end, unless the run can wait no longer.
 * @returns what Temporal knew of the attempts before they were stopped
 */
export async function stopWork(work: LaneWork, limits: RunLimits): Promise<PendingEvent | undefined> {
  if (!work.isRetrying || limits.isPressing()) return await work.stop();
  limits.looked();
  const pending = await askForPendingEvent();
  const isWaiting = pending?.nextAttemptAt !== undefined && pending.nextAttemptAt > Date.now() + SOON_MS;
  return isWaiting ? await work.stop(pending) : undefined;
}
