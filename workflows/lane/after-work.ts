import type { PendingEvent } from '../../contracts/handling.ts';
import type { LaneState } from '../../contracts/lane.ts';
import { eventFailed, eventStopped, eventSucceeded, stretchEnded } from './machine.ts';
import type { Ended, WorkInFlight } from './work.ts';

/**
 * The lane after handlers were called.
 * @param asked what Temporal knew of the attempts before the work was asked to stop
 */
export function afterHandling(
  lane: LaneState,
  work: WorkInFlight,
  ended: Exclude<Ended, { readonly kind: 'slice' }>,
  asked: PendingEvent | undefined,
): LaneState {
  if (ended.kind === 'stretch') return stretchEnded(lane, ended.outcome, Date.now());
  switch (ended.result) {
    case 'succeeded':
      return eventSucceeded(lane);
    case 'stopped': {
      // The attempt that is pending or running when it is asked for is not over.
      const known = asked === undefined ? 0 : work.attemptsBefore + Math.max(0, asked.attempt - 1);
      return eventStopped(lane, ended.attempts ?? known, asked?.nextAttemptAt);
    }
    case 'failed':
      return eventFailed(lane, ended.failure, ended.attempts);
  }
}
