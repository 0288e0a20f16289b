/**
 * Runs events by a function in a worker process, the handler: as activities on the task queue of the settings.
 *
 * A batch of a lane is retried by Temporal when its process is lost, since only the lane has the key. A batch of a pool has one
 * attempt: what it has reported meanwhile is done, and its keys may be in other batches by then (O1). When that attempt is
 * lost, the pool decides what becomes of the keys.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  isCancellation,
  log,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import { formatPosition } from '../../../contracts/event/position.ts';
import type { EventInput, HandlingActivities } from '../../../contracts/execution/activities.ts';
import type { Outcome } from '../../../contracts/execution/outcome.ts';
import { isMalformed, onlyOutcome, readOutcomes, readProgress } from '../../../contracts/execution/outcome-codec.ts';
import type { HeadFailure } from '../../../contracts/lane/phase.ts';
import type { BatchActivities, BatchKey } from '../../../contracts/pool/batch.ts';
import { failureOf, outcomeOfFailedBatch, outcomeOfFailedEvent, unusable } from './failed-activity.ts';
import type { Attempt, KeyToRun, PoolBatch, PoolBatchEnd, RunEnd, Runner, RunnerOptions } from './runner.ts';

/** The activities enforce the handler's time limit themselves; this only has to be longer than any handler. */
const FOREVER = '365 days';

/** O1: work that was asked to stop counts as in flight until it has ended. The SDK's default does not wait. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

export class FunctionRunner implements Runner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  async run(key: string, events: readonly LaneEvent[], attempt: Attempt): Promise<RunEnd> {
    if (attempt.kind === 'first') return await this.#runEvents(key, events, attempt.losses);
    const [event] = events;
    if (event === undefined || events.length > 1) throw new Error(`A retry was given ${events.length} events`);
    return await this.#runEvent(key, event, attempt.failing);
  }

  async runBatch({ keys, number, slowAfterMs }: PoolBatch): Promise<PoolBatchEnd> {
    const { heartbeatTimeoutMs, pipeline, retry } = this.#options;
    const sizes = keys.map(({ events }) => events.length);
    const { runBatch } = proxyActivities<BatchActivities>({
      startToCloseTimeout: FOREVER,
      heartbeatTimeout: heartbeatTimeoutMs,
      cancellationType,
      summary: `${sizes.reduce((sum, size) => sum + size, 0)} events of ${keys.length} keys`,
      retry: { maximumAttempts: 1 },
      // The worker that runs the pool would get them all, however busy it is.
      allowEagerDispatch: false,
    });
    try {
      const answer = await runBatch({ pipeline, batch: number, keys: keys.map(toBatchKey), slowAfterMs });
      const read = readOutcomes(answer, sizes);
      if (!isMalformed(read)) return { outcomes: read.outcomes, retry: read.retry ?? retry };
      log.error('Ignored the malformed result of a batch; its keys are tried again', { ...read });
      return { outcomes: keys.map(({ attempts }) => unusable(read.problem, attempts)), retry };
    } catch (error) {
      return { outcomes: outcomesOfLostBatch(error, keys, sizes), retry };
    }
  }

  async #runEvents(key: string, events: readonly LaneEvent[], losses: number): Promise<RunEnd> {
    const { heartbeatTimeoutMs, pipeline, pool, retry } = this.#options;
    const { runEvents } = proxyActivities<HandlingActivities>({
      startToCloseTimeout: FOREVER,
      heartbeatTimeout: heartbeatTimeoutMs,
      cancellationType,
      summary: events.length === 1 ? '1 event' : `${events.length} events`,
      // Failures of handlers are outcomes, so what Temporal retries here is a lost process. See `isolateNext` in LaneState.
      retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
    });
    const input = {
      pipeline,
      key,
      events,
      ...(losses === 0 ? {} : { losses }),
      ...(pool === undefined ? {} : { pool }),
    };
    try {
      const read = readOutcomes(await runEvents(input), [events.length]);
      if (!isMalformed(read)) return { outcome: onlyOutcome(read), retry: read.retry ?? retry, attemptsBefore: 0 };
      log.error('Ignored the malformed result of a batch; its events are run again', { ...read });
      return { outcome: { ...unusable(read.problem, 0), losses: losses + 1 }, retry, attemptsBefore: 0 };
    } catch (error) {
      return { outcome: outcomeOfFailedBatch(error, events.length, losses), retry, attemptsBefore: 0 };
    }
  }

  async #runEvent(key: string, event: LaneEvent, failing: HeadFailure): Promise<RunEnd> {
    const { heartbeatTimeoutMs, pipeline, pool, retry } = this.#options;
    const { attempts, policy, roundFrom } = failing;
    const madeInRound = attempts - roundFrom;
    const reported = madeInRound > 0 && !isDue(failing) ? 1 : 0;
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
      cancellationType,
      summary: formatPosition(event.position).slice(-200),
      retry: {
        maximumAttempts: Math.max(1, policy.maxAttempts - madeInRound + reported),
        initialInterval: Math.max(1, Math.min(waitMs, policy.maxIntervalMs)),
        backoffCoefficient: policy.backoff,
        maximumInterval: Math.max(1, policy.maxIntervalMs),
      },
    });
    const { attemptsBefore } = input;
    try {
      const read = readOutcomes(await runEvent(input), [1]);
      if (!isMalformed(read)) return { outcome: onlyOutcome(read), retry, attemptsBefore };
      log.error('Ignored the malformed result of an event; it is run again', { ...read });
      return { outcome: unusable(read.problem, attempts), retry, attemptsBefore };
    } catch (error) {
      return { outcome: outcomeOfFailedEvent(error, roundFrom + policy.maxAttempts), retry, attemptsBefore };
    }
  }
}

function toBatchKey({ attempts, events, key, losses }: KeyToRun): BatchKey {
  return attempts + losses > 0 ? { key, events, attempts, losses } : { key, events };
}

/** What the last heartbeat of a lost process says has succeeded, has; nothing else. */
function outcomesOfLostBatch(error: unknown, keys: readonly KeyToRun[], sizes: readonly number[]): readonly Outcome[] {
  // It was stopped before any process had it.
  if (isCancellation(error)) return keys.map(() => ({ kind: 'stopped', succeeded: 0 }));
  if (!(error instanceof ActivityFailure)) throw error;
  log.warn('A batch was lost with its process; its keys are tried again, a few at a time', { error });
  const details: unknown = error.cause instanceof TimeoutFailure ? error.cause.lastHeartbeatDetails : undefined;
  const succeeded = readProgress(details, sizes);
  const failure = failureOf(error);
  return keys.map(({ attempts }, index) => {
    const count = succeeded[index] ?? 0;
    return { kind: 'lost', succeeded: count, failure, attempts: count === 0 ? attempts : 0 };
  });
}

/**
 * Whether the next attempt is due. Where it is not, the activity's first attempt stands for the last one made, if this round has had
 * one: see EventInput.reportFirst.
 */
function isDue({ nextAttemptAt }: HeadFailure): boolean {
  return nextAttemptAt !== undefined && nextAttemptAt <= Date.now();
}

/** A wait that was interrupted continues: otherwise a lane that often continues as new would never reach its next attempt. */
function remainingWait({ nextAttemptAt }: HeadFailure): { readonly waitMs?: number } {
  return nextAttemptAt === undefined ? {} : { waitMs: Math.max(1, nextAttemptAt - Date.now()) };
}
