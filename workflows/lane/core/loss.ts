/**
 * What becomes of a lane whose past was cut off from outside, as pure functions: it takes over what an ended run held,
 * and where events are gone for good, a person hears of it before anything behind them is handled (O5).
 */
import type { RetryPolicy } from '../../../contracts/event/failure.ts';
import type { LanePhase } from '../../../contracts/lane/phase.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { joined, withoutFirstSegment } from './backlog.ts';
import { move } from './transitions.ts';

/** Type of the failure that blocks a head behind lost events. Nothing is wrong with the head itself. */
export const EVENTS_LOST = 'EventsLost';

/** Of what is told of losses. A lane may have lost thousands of segments before there is a head to block. */
const LOST_CHARS = 1000;
const AND_MORE = 'And more.';

/** Of the head that comes after lost events, when a person lets it go on. */
const POLICY: RetryPolicy = { maxAttempts: 10, initialIntervalMs: 1000, backoff: 2, maxIntervalMs: 60_000 };

/** The state of an ended run, with nothing in flight any more. Whatever was in flight may have come to something (O7). */
export function takenOver(state: LaneState): LaneState {
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

/** Whether a head is there to be blocked. */
export function mustTellLoss({ lost, phase, queue }: LaneState): boolean {
  return lost !== undefined && phase.state === 'idle' && queue.length > 0;
}

/** The head waits for a person who has heard of the loss; `retry` goes on with it. */
export function blockedByLoss(lane: LaneState, now: number): LaneState {
  const { lost, ...rest } = lane;
  if (lost === undefined) return lane;
  const failure = {
    type: EVENTS_LOST,
    message: `${lost} Nothing is wrong with this record, which comes after them: \`retry\` goes on with it.`,
    nonRetryable: true,
  };
  const phase: LanePhase = { state: 'blocked', failure, policy: POLICY, since: now, attempts: 0, roundFrom: 0 };
  return { ...rest, phase: move(lane.phase, 'loss', phase) };
}
