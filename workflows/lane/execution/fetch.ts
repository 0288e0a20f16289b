import {
  ActivityCancellationType,
  ActivityFailure,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { ClaimedData, LaneEvent } from '../../../contracts/event/event.ts';
import {
  failureText,
  isRetryPolicy,
  MAX_FAILURE_CHARS,
  readFailure,
  type Failure,
  type RetryPolicy,
} from '../../../contracts/event/failure.ts';
import { LARGE_EVENT, type FetchOutcome } from '../../../contracts/event/large-events.ts';
import { isClaim } from '../../../contracts/event/new-data.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import { readingTaskQueue } from '../../../contracts/names.ts';
import type { ReadingActivities } from '../../../contracts/pipeline/reading.ts';
import type { RunEnd } from './runner.ts';

export interface FetchEnd {
  readonly kind: 'fetched';
  readonly data: ClaimedData;
}

export interface FetchOptions {
  readonly pipeline: string;
  readonly key: string;
  /** The policy of the options, for a failure of which no process said another one. */
  readonly retry: RetryPolicy;
  /** Attempts at the event before. */
  readonly attempts: number;
}

/**
 * Fetches the data of an event from its source, which only processes that read it can. It counts as an attempt at the event
 * only when it fails, and fails only in a way that an operator can fix.
 */
export async function fetchData(
  { attempts, key, pipeline, retry }: FetchOptions,
  { arrivedAt, data, position, size }: LaneEvent,
): Promise<FetchEnd | ({ readonly kind: 'run' } & RunEnd)> {
  const sourceOnly =
    'sourceOnly' in data && data.sourceOnly.stored !== undefined ? { sourceOnly: data.sourceOnly } : {};
  const failed = (failure: Failure, policy = retry) => ({
    kind: 'run' as const,
    outcome: { kind: 'failed' as const, succeeded: 0, failure, attempts: attempts + 1 },
    retry: policy,
    attemptsBefore: attempts,
  });
  try {
    const activity = fetchActivity(position);
    const answer = await activity({ pipeline, key, position, arrivedAt, size, ...sourceOnly });
    const outcome = readFetchOutcome(answer);
    if (outcome === undefined)
      return failed(fetchFailure('the process that reads this pipeline gave an unusable answer'));
    return 'data' in outcome ? { kind: 'fetched', data: outcome.data } : failed(outcome.failure, outcome.retry);
  } catch (error) {
    if (isCancellation(error))
      return { kind: 'run', outcome: { kind: 'stopped', succeeded: 0, attempts }, retry, attemptsBefore: attempts };
    if (!(error instanceof ActivityFailure)) throw error;
    return failed(fetchFailure(reasonOf(error)));
  }
}

function fetchActivity(position: LaneEvent['position']): ReadingActivities['fetchData'] {
  return proxyActivities<ReadingActivities>({
    taskQueue: readingTaskQueue(workflowInfo().taskQueue),
    scheduleToStartTimeout: '5 minutes',
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '10s',
    // No handler runs, so there is nothing to wait for.
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary: formatPosition(position).slice(-200),
    // The activity itself says when retrying is pointless. A store that does not answer is waited for.
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  }).fetchData;
}

/** Undefined for an answer that cannot be used. */
function readFetchOutcome(value: unknown): FetchOutcome | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { data, failure, retry } = value as { readonly [field: string]: unknown };
  if (typeof data === 'object' && data !== null) {
    const { claim } = data as { readonly claim?: unknown };
    return isClaim(claim) ? { data: { claim } } : undefined;
  }
  if (typeof failure !== 'object' || failure === null || !isRetryPolicy(retry)) return undefined;
  return { failure: readFailure(failure), retry };
}

function reasonOf(error: ActivityFailure): string {
  const { cause } = error;
  if (cause instanceof TimeoutFailure) return 'no process that reads this pipeline has answered';
  return (cause ?? error).message;
}

function fetchFailure(why: string): Failure {
  const message = `The data of this event is too large for Temporal, and could not be fetched from the source: ${why}`;
  return { type: LARGE_EVENT, message: failureText(message, MAX_FAILURE_CHARS.message), nonRetryable: true };
}
