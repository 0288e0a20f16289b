import type { PendingEvent } from '../../../contracts/questions.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import {
  eventFailed,
  eventLost,
  eventStopped,
  eventSucceeded,
  headFailure,
  headFetched,
  batchEnded,
} from '../core/machine.ts';
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
  if (ended.kind === 'batch') return batchEnded(lane, ended.outcome, Date.now());
  if (ended.kind === 'fetch') return afterFetch(lane, ended);
  switch (ended.result) {
    case 'succeeded':
      return eventSucceeded(lane);
    case 'not owner':
      return eventStopped(lane, 0);
    case 'stopped': {
      // Where the activity does not say itself, it ended while no attempt ran: one that did when it was asked for is over. One
      // that was waited for has not been made: see activities/execution/open-question.ts.
      const made = asked === undefined ? 0 : asked.attempt - (asked.isRunning === true ? 0 : 1);
      const known = asked === undefined ? 0 : work.attemptsBefore + made;
      return eventStopped(lane, ended.attempts ?? known, asked?.nextAttemptAt);
    }
    case 'lost':
      return eventLost(lane, ended.failure, ended.attempts);
    case 'failed':
      return eventFailed(lane, ended.failure, ended.attempts);
  }
}

function afterFetch(lane: LaneState, { outcome }: Ended & { readonly kind: 'fetch' }): LaneState {
  if (outcome !== undefined && 'data' in outcome) return headFetched(lane, outcome.data);
  const attempts = headFailure(lane.phase)?.attempts;
  if (attempts === undefined) {
    return batchEnded(lane, { done: 0, lostBefore: false, ...(outcome && { failed: outcome }) }, Date.now());
  }
  return outcome === undefined ? eventStopped(lane, attempts) : eventFailed(lane, outcome.failure, attempts + 1);
}
