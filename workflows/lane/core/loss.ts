/**
 * Recovery of a lane whose run was terminated externally, as pure functions: it gets the state of the terminated run, and
 * if events are gone for good, the operator learns of it before any later event is handled (O5).
 */
import type { RetryPolicy } from '../../../contracts/event/failure.ts';
import type { LanePhase } from '../../../contracts/lane/phase.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { joined, withoutFirstSegment } from './backlog.ts';
import { move } from './transitions.ts';

/** Type of the failure that blocks the head after lost events. Nothing is wrong with the head itself. */
export const EVENTS_LOST = 'EventsLost';

/** Maximum characters of the message about losses. A lane can lose thousands of segments before it has a head to block. */
const LOST_CHARS = 1000;
const AND_MORE = 'And more.';

/** The state of a terminated run, with nothing in flight. What was in flight may have been handled (O7). */
export function recoveredState(state: LaneState): LaneState {
  const { phase } = state;
  if (phase.state !== 'running') return joined(state);
  return joined({ ...state, phase: { state: 'idle' }, isolateNext: Math.max(state.isolateNext, phase.count) });
}

export function withLoss(lane: LaneState, message: string): LaneState {
  const { lost } = lane;
  if (lost === undefined) return { ...lane, lost: message };
  if (lost.endsWith(AND_MORE)) return lane;
  return { ...lane, lost: `${lost} ${lost.length < LOST_CHARS ? message : AND_MORE}` };
}

/** The first segment cannot be read: its events are gone. */
export function segmentLost(lane: LaneState, message: string): LaneState {
  return withLoss(withoutFirstSegment(lane), message);
}

/** Whether a loss has to be reported and there is a head to block. */
export function mustTellLoss({ lost, phase, queue }: LaneState): boolean {
  return lost !== undefined && phase.state === 'idle' && queue.length > 0;
}

/**
 * Blocks the head, so that an operator learns of the loss; `retry` continues with it.
 * @param retry the policy for that
 */
export function blockedByLoss(lane: LaneState, retry: RetryPolicy, now: number): LaneState {
  const { lost, ...rest } = lane;
  if (lost === undefined) return lane;
  const failure = {
    type: EVENTS_LOST,
    message: `${lost} Nothing is wrong with this record, which comes after them: \`retry\` continues with it.`,
    nonRetryable: true,
  };
  const phase: LanePhase = { state: 'blocked', failure, policy: retry, since: now, attempts: 0, roundFrom: 0 };
  return { ...rest, phase: move(lane.phase, 'loss', phase) };
}
