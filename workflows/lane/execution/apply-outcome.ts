import type { PendingEvent } from '../../../contracts/questions.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { batchEnded, eventFailed, eventLost, eventStopped, eventSucceeded, headFetched } from '../core/machine.ts';
import type { RunEnd } from './runner.ts';
import type { Ended } from './work-in-flight.ts';

/**
 * The lane after its events were run, or the data of its head was fetched.
 * @param asked what Temporal knew of the attempts before the work was asked to stop
 */
export function applyEnd(
  lane: LaneState,
  ended: Exclude<Ended, { readonly kind: 'slice' }>,
  asked: PendingEvent | undefined,
): LaneState {
  if (ended.kind === 'fetched') return headFetched(lane, ended.data);
  if (lane.phase.state === 'running') return batchEnded(lane, ended.outcome, ended.retry, Date.now());
  return afterRetries(lane, ended, asked);
}

function afterRetries(
  lane: LaneState,
  { attemptsBefore, outcome }: RunEnd,
  asked: PendingEvent | undefined,
): LaneState {
  switch (outcome.kind) {
    case 'succeeded':
      return eventSucceeded(lane);
    case 'not owner':
    case 'not started':
      return eventStopped(lane, 0);
    case 'stopped': {
      // Where the activity does not say itself, it ended while no attempt ran: one that did when it was asked for is over. One
      // that was waited for has not been made: see activities/execution/open-question.ts.
      const made = asked === undefined ? 0 : asked.attempt - (asked.isRunning === true ? 0 : 1);
      const known = asked === undefined ? 0 : attemptsBefore + made;
      return eventStopped(lane, outcome.attempts ?? known, asked?.nextAttemptAt);
    }
    case 'lost':
      return eventLost(lane, outcome.failure, outcome.attempts);
    case 'failed':
      return eventFailed(lane, outcome.failure, outcome.attempts);
  }
}
