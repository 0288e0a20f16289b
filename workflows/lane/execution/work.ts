/**
 * The one piece of work that a lane may have in flight: a batch of events or a single failing event, as an activity, or
 * a slice of its backlog on the way back.
 *
 * Owns the activity's cancellation and turns whatever comes of it into an {@link Ended}. It knows nothing of the lane's
 * queue; the host applies what ended to the lane.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  patched,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { RetryState } from '@temporalio/common';
import { formatPosition } from '../../../contracts/event/position.ts';
import {
  HEARTBEAT_TIMEOUT,
  NO_HEARTBEAT,
  readAttemptDetails,
  readEventBatchOutcome,
} from '../../../contracts/execution.ts';
import type {
  AttemptDetails,
  EventInput,
  HandlingActivities,
  EventBatchInput,
  EventBatchOutcome,
} from '../../../contracts/execution.ts';
import type { SegmentSlice, SliceAnswer } from '../../../contracts/lane/backlog.ts';
import {
  failureText,
  FALLBACK_POLICY,
  MAX_FAILURE_CHARS,
  readFailedEvent,
  readFailure,
  type FailedEvent,
  type Failure,
  type RetryPolicy,
} from '../../../contracts/event/failure.ts';
import { LARGE_EVENT, type FetchOutcome } from '../../../contracts/event/large-events.ts';
import { readingTaskQueue } from '../../../contracts/names.ts';
import type { ReadingActivities } from '../../../contracts/pipeline/reading.ts';
import type { HeadFailure } from '../../../contracts/lane/phase.ts';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import { askForSlice } from '../../shared/questions.ts';

export type Ended =
  | { readonly kind: 'batch'; readonly outcome: EventBatchOutcome }
  | { readonly kind: 'event'; readonly result: 'succeeded' }
  /** See AttemptDetails. */
  | { readonly kind: 'event'; readonly result: 'not owner' }
  /** `attempts`: made in all, where that is known. */
  | { readonly kind: 'event'; readonly result: 'stopped'; readonly attempts?: number }
  /** Temporal lost the last attempt that the policy allows. `attempts`: without that one. */
  | { readonly kind: 'event'; readonly result: 'lost'; readonly failure: Failure; readonly attempts: number }
  | { readonly kind: 'event'; readonly result: 'failed'; readonly failure: Failure; readonly attempts: number }
  /** `outcome`: absent when it was stopped. */
  | { readonly kind: 'fetch'; readonly outcome?: FetchOutcome }
  /** `answer`: absent when it could not be had. */
  | { readonly kind: 'slice'; readonly segment: string; readonly answer?: SliceAnswer | 'gone' | 'stopped' };

export interface WorkInFlight {
  readonly kind: Ended['kind'];
  /** Attempts before the activity was scheduled; 0 for all but an event. */
  readonly attemptsBefore: number;
  readonly scope: CancellationScope;
  ended: Ended | undefined;
}

interface LaneName {
  readonly pipeline: string;
  readonly key: string;
  readonly heartbeatTimeoutMs: number;
  /** Of a lane that a pool has begun. */
  readonly pool: string | undefined;
  /** Is called when the work has ended. */
  readonly onEnd: () => void;
}

/** The activities watch the handler's time limit themselves; this only has to be longer than any handler. */
const FOREVER = '365 days';

/** O1: work that was asked to stop counts as in flight until it has ended. The SDK's default does not wait. */
const WAIT = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** Of an event whose data was not to be had before its settings were known. */
const FETCH_POLICY: RetryPolicy = { ...FALLBACK_POLICY, maxAttempts: 10 };

/** @param losses how often the first event was lost with its process before */
export function startEventBatch(lane: LaneName, events: readonly LaneEvent[], losses: number): WorkInFlight {
  const { pipeline, key, heartbeatTimeoutMs, pool, onEnd } = lane;
  const { runEvents } = proxyActivities<HandlingActivities>({
    startToCloseTimeout: FOREVER,
    heartbeatTimeout: heartbeatTimeoutMs,
    cancellationType: WAIT,
    summary: events.length === 1 ? '1 event' : `${events.length} events`,
    // Failures of handlers are outcomes, so what is retried here is a lost process. See `isolateNext` in LaneState.
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  });
  const input: EventBatchInput = {
    pipeline,
    key,
    events,
    ...(losses === 0 ? {} : { losses }),
    ...(pool === undefined ? {} : { pool }),
  };
  return start('batch', 0, onEnd, async () => {
    try {
      return { kind: 'batch', outcome: readEventBatchOutcome(await runEvents(input)) };
    } catch (error) {
      return { kind: 'batch', outcome: outcomeOfLostBatch(error) };
    }
  });
}

export function startEvent(lane: LaneName, event: LaneEvent, failing: HeadFailure): WorkInFlight {
  const { pipeline, key, heartbeatTimeoutMs, pool, onEnd } = lane;
  const { policy, attempts, roundFrom } = failing;
  const madeInRound = attempts - roundFrom;
  // The activity's first attempt stands for the last one made, if this round has had one and the next is not due yet: see
  // EventInput.reportFirst.
  const isDue = failing.nextAttemptAt !== undefined && failing.nextAttemptAt <= Date.now();
  const reported = madeInRound > 0 && !isDue ? 1 : 0;
  const input: EventInput = {
    pipeline,
    key,
    event,
    attemptsBefore: attempts - reported,
    ...(pool === undefined ? {} : { pool }),
    ...(reported === 1 ? { reportFirst: { failure: failing.failure, ...remainingWait(failing) } } : {}),
  };
  const waitMs = policy.initialIntervalMs * policy.backoff ** Math.max(0, madeInRound - reported);
  const { runEvent } = proxyActivities<HandlingActivities>({
    startToCloseTimeout: FOREVER,
    heartbeatTimeout: heartbeatTimeoutMs,
    cancellationType: WAIT,
    summary: formatPosition(event.position).slice(-200),
    retry: {
      maximumAttempts: Math.max(1, policy.maxAttempts - madeInRound + reported),
      initialInterval: Math.max(1, Math.min(waitMs, policy.maxIntervalMs)),
      backoffCoefficient: policy.backoff,
      maximumInterval: Math.max(1, policy.maxIntervalMs),
    },
  });
  return start('event', input.attemptsBefore, onEnd, async () => {
    try {
      await runEvent(input);
      return { kind: 'event', result: 'succeeded' };
    } catch (error) {
      return endOfFailedEvent(error, roundFrom + policy.maxAttempts);
    }
  });
}

/** Fetches the data of an event from its source, which only processes that read it have. */
export function startFetch(
  { pipeline, key, onEnd }: LaneName,
  { position, arrivedAt, data, size }: LaneEvent,
): WorkInFlight {
  const sourceOnly =
    'sourceOnly' in data && data.sourceOnly.stored !== undefined ? { sourceOnly: data.sourceOnly } : {};
  const { fetchData } = proxyActivities<ReadingActivities>({
    taskQueue: readingTaskQueue(workflowInfo().taskQueue),
    scheduleToStartTimeout: '5 minutes',
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '10s',
    // No handler runs, so there is nothing to wait for.
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary: formatPosition(position).slice(-200),
    // The activity says itself when trying again is no use. A store that does not answer is waited for.
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  });
  return start('fetch', 0, onEnd, async () => {
    try {
      const outcome = await fetchData({ pipeline, key, position, arrivedAt, size, ...sourceOnly });
      return { kind: 'fetch', outcome: 'data' in outcome ? outcome : (readFailedEvent(outcome) as FailedEvent) };
    } catch (error) {
      if (isCancellation(error)) return { kind: 'fetch' };
      if (!(error instanceof ActivityFailure)) throw error;
      return { kind: 'fetch', outcome: { failure: fetchFailure(error), policy: FETCH_POLICY } };
    }
  });
}

/** Takes events back from a segment. */
export function startSlice(slice: SegmentSlice, onEnd: () => void): WorkInFlight {
  return start('slice', 0, onEnd, async () => {
    const answer = await askForSlice(slice);
    return { kind: 'slice', segment: slice.segment, ...(answer === undefined ? {} : { answer }) };
  });
}

/** The activity has found that the key is its pool's. */
export function isDisowned(ended: Ended): boolean {
  if (ended.kind === 'batch') return ended.outcome.notOwner === true;
  return ended.kind === 'event' && ended.result === 'not owner';
}

/** A wait that was broken off goes on: else a lane that often continues as new would never get to its next attempt. */
function remainingWait({ nextAttemptAt }: HeadFailure): { readonly waitMs?: number } {
  return nextAttemptAt === undefined ? {} : { waitMs: Math.max(1, nextAttemptAt - Date.now()) };
}

function start(
  kind: Ended['kind'],
  attemptsBefore: number,
  onEnd: () => void,
  run: () => Promise<Ended>,
): WorkInFlight {
  const scope = new CancellationScope();
  const work: WorkInFlight = { kind, attemptsBefore, scope, ended: undefined };
  void scope.run(async () => {
    work.ended = await run();
    onEnd();
  });
  return work;
}

/** A batch that was stopped before it could answer, or whose activity failed for a reason that no retry mends. */
function outcomeOfLostBatch(error: unknown): EventBatchOutcome {
  if (isCancellation(error)) return { done: 0, lostBefore: false };
  if (!(error instanceof ActivityFailure)) throw error;
  if (error.cause instanceof TimeoutFailure) {
    // Its process was lost while it was asked to stop. What its last heartbeat says is done, is done.
    return { ...readEventBatchOutcome(error.cause.lastHeartbeatDetails), lostBefore: true };
  }
  return { done: 0, failed: { failure: failureOf(error), policy: FALLBACK_POLICY }, lostBefore: false };
}

function fetchFailure(error: ActivityFailure): Failure {
  const { cause } = error;
  const why =
    cause instanceof TimeoutFailure ? 'no process that reads this pipeline has answered' : (cause ?? error).message;
  const message = `The data of this event is too large for Temporal, and could not be fetched from the source: ${why}`;
  return { type: LARGE_EVENT, message: failureText(message, MAX_FAILURE_CHARS.message), nonRetryable: true };
}

function endOfFailedEvent(error: unknown, allAttempts: number): Ended {
  const details = attemptDetailsOf(error);
  if (isCancellation(error)) {
    return { kind: 'event', result: 'stopped', ...(details === undefined ? {} : { attempts: details.attempt - 1 }) };
  }
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause, retryState } = error;
  if (details?.kind === 'not owner') return { kind: 'event', result: 'not owner' };
  if (details?.kind === 'not counted') return { kind: 'event', result: 'stopped', attempts: details.attempt - 1 };
  // An attempt failed just when the activity was asked to stop: Temporal makes no other one, the lane does.
  if (retryState === RetryState.CANCEL_REQUESTED && details?.failure.nonRetryable !== true) {
    return { kind: 'event', result: 'stopped', ...(details === undefined ? {} : { attempts: details.attempt }) };
  }
  const failure = details?.failure ?? failureOf(error);
  if (cause instanceof TimeoutFailure && patched('an attempt that is lost is made again')) {
    return { kind: 'event', result: 'lost', failure, attempts: allAttempts - 1 };
  }
  return { kind: 'event', result: 'failed', failure, attempts: details?.attempt ?? allAttempts };
}

/** What the attempt that ended the activity says of itself; undefined when Temporal ended the activity. */
function attemptDetailsOf(error: unknown): AttemptDetails | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const saysMore = cause instanceof ApplicationFailure || cause instanceof CancelledFailure;
  return saysMore ? readAttemptDetails(cause.details?.[0]) : undefined;
}

function failureOf(error: ActivityFailure): Failure {
  const { cause } = error;
  if (cause instanceof TimeoutFailure) {
    const message = `Temporal had no heartbeat of the process that ran the last attempt at this event. ${NO_HEARTBEAT}`;
    return { type: HEARTBEAT_TIMEOUT, message, nonRetryable: false };
  }
  const type = cause instanceof ApplicationFailure ? (cause.type ?? 'Error') : (cause?.name ?? 'ActivityFailure');
  return readFailure({ type, message: (cause ?? error).message, nonRetryable: true });
}
