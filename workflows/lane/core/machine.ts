/**
 * The state machine of a lane: the events of one key in order, as pure functions from state and input to state.
 *
 * It knows nothing of Temporal, time or activities: a host owns the state, applies inputs, and starts the work that
 * {@link next} returns. The host has at most one piece of work in flight for a lane, and applies its outcome when it ends.
 *
 * Invariants:
 * L1 The queue, followed by the backlog, holds every accepted event that is neither handled nor skipped, in the order of
 *    acceptance (O1, O4).
 * L2 Only the front of the queue is processed, and only the front can be removed or replaced (O1).
 * L3 A position is appended only if it is beyond its shard's mark, and the mark moves with it (O6). Redriven records have
 *    their own mark, and are appended after everything that was accepted before.
 * L4 An event leaves the front only when it was handled or an operator skipped it (O5).
 * The table in transitions.ts lists every change of state; `move` refuses any other.
 */
import type { SegmentName } from '../../../contracts/lane/backlog.ts';
import type { Outcome, Progress } from '../../../contracts/execution/outcome.ts';
import { NEW_KEY } from '../../../contracts/lane/key-state.ts';
import type { HeadFailure, LanePhase } from '../../../contracts/lane/phase.ts';
import type { LaneOptions } from '../../../contracts/lane/options.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import type { RecordsSignal } from '../../../contracts/lane/messages.ts';
import { readFailure, type Failure, type RetryPolicy } from '../../../contracts/event/failure.ts';
import type { ClaimedData, LaneEvent } from '../../../contracts/event/event.ts';
import { dataWeight } from '../../../contracts/event/weight.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import { admit } from '../../shared/admission.ts';
import { append, depthOf, firstSegment } from './backlog.ts';
import { passed, released } from './claims.ts';
import { mustTellLoss } from './loss.ts';
import { placeOf } from '../../shared/marks.ts';
import { move } from './transitions.ts';

export function emptyLane(startedAt: number): LaneState {
  return {
    ...NEW_KEY,
    queue: [],
    marks: {},
    behindSince: {},
    remembersSince: startedAt,
    handled: 0,
    isolateNext: 0,
  };
}

/**
 * Accepts events (O4). Events that the lane has accepted before are dropped (O6). The whole signal is dropped if the lease
 * of its sender had certainly expired (see workflows/shared/admission.ts).
 */
export function accept(lane: LaneState, signal: RecordsSignal, options: LaneOptions): LaneState {
  const arrival = { leaseUntil: signal.leaseUntil, items: signal.events, placeOf };
  const { memory, fresh, again } = admit(lane, arrival, options.leaseMarginMs);
  const phase = move(lane.phase, 'accept', lane.phase);
  const after = fresh.length === 0 ? lane : { ...lane, ...append(lane, fresh), ...memory, phase };
  // A sender that repeats events has stored their data again.
  const claimsToDelete = released(after, passed(after, again));
  return claimsToDelete === undefined ? after : { ...after, ...claimsToDelete };
}

/** Whether the lane has nothing to do, and nothing to tell. */
export function isIdle(lane: LaneState): boolean {
  const { phase, claimsToDelete, lost } = lane;
  return phase.state === 'idle' && depthOf(lane) === 0 && claimsToDelete === undefined && lost === undefined;
}

/** What a host with nothing in flight has to start. */
export type Work =
  | { readonly kind: 'none' }
  /** The queue is empty, and this segment has more events. */
  | { readonly kind: 'slice'; readonly segment: SegmentName; readonly from: number }
  /** The data of the head is in the source only, and has to be fetched before a handler can be called. */
  | { readonly kind: 'fetch'; readonly event: LaneEvent }
  | { readonly kind: 'batch'; readonly events: readonly LaneEvent[] }
  | { readonly kind: 'event'; readonly event: LaneEvent; readonly failing: HeadFailure };

export function next(lane: LaneState, options: LaneOptions): Work {
  const head = lane.queue[0];
  if (head === undefined) return sliceOf(lane);
  if (mustTellLoss(lane)) return { kind: 'none' };
  const { state } = lane.phase;
  if ('sourceOnly' in head.data && (state === 'idle' || state === 'retrying')) return { kind: 'fetch', event: head };
  if (lane.phase.state === 'retrying') return { kind: 'event', event: head, failing: lane.phase };
  if (lane.phase.state !== 'idle') return { kind: 'none' };
  return { kind: 'batch', events: lane.queue.slice(0, batchLength(lane, options)) };
}

function sliceOf(lane: LaneState): Work {
  const segment = lane.phase.state === 'idle' ? firstSegment(lane) : undefined;
  if (segment === undefined) return { kind: 'none' };
  const { epoch, number, from } = segment;
  return { kind: 'slice', segment: { epoch, number }, from };
}

function batchLength(lane: LaneState, options: LaneOptions): number {
  if (lane.isolateNext > 0) return 1;
  let bytes = 0;
  let count = 0;
  for (const event of lane.queue) {
    bytes += dataWeight(event);
    if (count > 0 && ('sourceOnly' in event.data || bytes > options.maxBatchBytes || count >= options.maxBatchEvents))
      break;
    count += 1;
  }
  return count;
}

export function batchStarted(lane: LaneState, count: number): LaneState {
  return { ...lane, phase: move(lane.phase, 'batchStarted', { state: 'running', count }) };
}

/**
 * The batch has ended: all its events were handled, one failed, or it was asked to stop.
 * @param retry the policy for the event that failed
 */
export function batchEnded(lane: LaneState, outcome: Outcome, retry: RetryPolicy, now: number): LaneState {
  const phase = outcome.kind === 'failed' ? firstFailure(outcome, retry, now) : ({ state: 'idle' } as const);
  return firstPassEnded(lane, outcome, phase, outcome.lostBefore === true || outcome.kind === 'lost');
}

function firstPassEnded(lane: LaneState, progress: Progress, phase: LanePhase, wasLost: boolean): LaneState {
  const count = lane.phase.state === 'running' ? lane.phase.count : 0;
  const done = Math.min(progress.succeeded, count);
  const { losses: _before, ...rest } = lane;
  const head = lane.queue[done];
  const { losses = 0 } = progress;
  const lost =
    losses > 0 && head !== undefined ? { position: formatPosition(head.position), count: losses } : undefined;
  return {
    ...rest,
    ...(lost === undefined ? {} : { losses: lost }),
    ...released(lane, lane.queue.slice(0, done)),
    queue: lane.queue.slice(done),
    handled: lane.handled + done,
    // After a loss each of the remaining events of the batch runs alone.
    isolateNext: wasLost ? Math.max(lane.isolateNext, count) - done : Math.max(0, lane.isolateNext - done),
    phase: move(lane.phase, 'batchEnded', phase),
  };
}

/** How many times in a row the process died while it ran the head in a batch. */
export function lossesOfHead({ losses, queue }: LaneState): number {
  const head = queue[0];
  return losses !== undefined && head !== undefined && losses.position === formatPosition(head.position)
    ? losses.count
    : 0;
}

/** The data of the head was fetched from the source. */
export function headFetched(lane: LaneState, data: ClaimedData): LaneState {
  const [head, ...others] = lane.queue;
  if (head === undefined) throw new Error('Data was fetched for a lane without events');
  const fetched = { ...lane, queue: [{ ...head, data }, ...others] };
  return lane.phase.state === 'running' ? firstPassEnded(fetched, { succeeded: 0 }, { state: 'idle' }, false) : fetched;
}

/** The head has failed for the first time. */
function firstFailure(
  { attempts, failure }: Outcome & { readonly kind: 'failed' },
  policy: RetryPolicy,
  now: number,
): LanePhase {
  const nextAttemptAt = now + policy.initialIntervalMs;
  const head: HeadFailure = { failure, policy, since: now, attempts, roundFrom: 0, nextAttemptAt };
  const isFinal = failure.nonRetryable || policy.maxAttempts <= attempts;
  return { state: isFinal ? 'blocked' : 'retrying', ...head };
}

export function eventSucceeded(lane: LaneState): LaneState {
  return {
    ...lane,
    ...released(lane, lane.queue.slice(0, 1)),
    queue: lane.queue.slice(1),
    handled: lane.handled + 1,
    isolateNext: Math.max(0, lane.isolateNext - 1),
    phase: move(lane.phase, 'eventSucceeded', { state: 'idle' }),
  };
}

/** The retries of the head are used up, or its failure is not retryable. */
export function eventFailed(lane: LaneState, failure: Failure, attempts: number): LaneState {
  const failing = headFailure(lane.phase);
  if (failing === undefined) throw new Error(`An event failed in a lane that is ${lane.phase.state}`);
  const { losses: _losses, ...rest } = failing;
  const phase: LanePhase = { ...rest, state: 'blocked', failure, attempts };
  return { ...lane, phase: move(lane.phase, 'eventFailed', phase) };
}

/**
 * The activity of the head was stopped after this many attempts; the head is still to be retried.
 * @param nextAttemptAt when the interrupted wait would have ended; ms since 1970
 */
export function eventStopped(lane: LaneState, attempts: number, nextAttemptAt?: number): LaneState {
  const failing = headFailure(lane.phase);
  if (failing === undefined) throw new Error(`An event stopped in a lane that is ${lane.phase.state}`);
  const { nextAttemptAt: before, ...rest } = failing;
  // It was stopped before another attempt ended, so the due time stays as it was.
  const dueAt = nextAttemptAt ?? (attempts <= failing.attempts ? before : undefined);
  const due = dueAt === undefined ? {} : { nextAttemptAt: dueAt };
  const phase: LanePhase = { ...rest, ...due, state: 'retrying', attempts: Math.max(failing.attempts, attempts) };
  return { ...lane, phase: move(lane.phase, 'eventStopped', phase) };
}

/** After this many lost attempts in a row, the event is considered the cause. */
const MAX_LOSSES = 3;

/**
 * The last attempt of the round was lost, which says nothing about the event: it is made again, a few times.
 * @param attempts number of all attempts, not counting the lost one
 */
export function eventLost(lane: LaneState, failure: Failure, attempts: number): LaneState {
  const losses = 1 + (headFailure(lane.phase)?.losses ?? 0);
  if (losses >= MAX_LOSSES) return eventFailed(lane, failure, attempts + 1);
  const stopped = eventStopped(lane, attempts);
  return { ...stopped, phase: { ...stopped.phase, losses } as LanePhase };
}

/** The failure of the head, in the states that have one. */
export function headFailure(phase: LanePhase): HeadFailure | undefined {
  const read = readPhase(phase);
  switch (read.state) {
    case 'retrying':
    case 'blocked': {
      const { state: _state, ...failing } = read;
      return failing;
    }
    case 'paused': {
      if (read.held === undefined) return undefined;
      const { state: _state, ...failing } = read.held;
      return failing;
    }
    case 'idle':
    case 'running':
      return undefined;
  }
}

/** A run of an earlier version may have carried on a failure that is none. */
export function readPhase(phase: LanePhase): LanePhase {
  if (phase.state === 'retrying' || phase.state === 'blocked') {
    return { ...phase, failure: readFailure(phase.failure) };
  }
  if (phase.state !== 'paused' || phase.held === undefined) return phase;
  return { ...phase, held: { ...phase.held, failure: readFailure(phase.held.failure) } };
}
