/**
 * The port through which lanes and pools run events. A runner is given events and how often they were tried before, and gives
 * outcomes in one vocabulary, whatever runs them. The lane's options say which kind of runner it is.
 *
 * A runner never rejects for anything that its handler, its process or Temporal does: that is an outcome. It is called in
 * a cancellation scope; when that is canceled it ends as soon as nothing of it runs any more (O1).
 */
import type { LaneEvent } from '../../../contracts/event/event.ts';
import type { RetryPolicy } from '../../../contracts/event/failure.ts';
import type { Outcome } from '../../../contracts/execution/outcome.ts';
import type { LaneOptions } from '../../../contracts/lane/options.ts';
import type { HeadFailure } from '../../../contracts/lane/phase.ts';

/** `handler` says what runs events, `retry` is the policy where no process names another one. */
export interface RunnerOptions extends Pick<LaneOptions, 'handler' | 'retry' | 'heartbeatTimeoutMs'> {
  readonly pipeline: string;
  /** Workflow id of the pool that started the lane; undefined for a lane that stays, and for a pool's own batches. */
  readonly pool?: string | undefined;
}

export type Attempt =
  /** The first pass. `losses`: how often in a row the first event was lost with its process before. */
  | { readonly kind: 'first'; readonly losses: number }
  /** The durable retries of one event that has failed. */
  | { readonly kind: 'retry'; readonly failing: HeadFailure };

/** A run of events of one key has ended. */
export interface RunEnd {
  readonly outcome: Outcome;
  /** The policy for retries of what failed: that of the process that ran the events, otherwise that of the options. */
  readonly retry: RetryPolicy;
  /** Attempts at the first event before the run. Temporal counts those of the run itself. */
  readonly attemptsBefore: number;
}

/** A key in a batch of a pool. */
export interface KeyToRun {
  readonly key: string;
  readonly events: readonly LaneEvent[];
  /** Attempts at the first event before the batch. */
  readonly attempts: number;
  readonly losses: number;
}

export interface PoolBatch {
  /** Identifies the batch in its run. */
  readonly number: number;
  readonly keys: readonly KeyToRun[];
  readonly slowAfterMs: number;
}

export interface PoolBatchEnd {
  /** One for each key, in their order. */
  readonly outcomes: readonly Outcome[];
  readonly retry: RetryPolicy;
}

export interface Runner {
  /** Runs events of one key in order, and stops at the first that fails. A retry has one event. */
  run(key: string, events: readonly LaneEvent[], attempt: Attempt): Promise<RunEnd>;
  /** Runs keys concurrently, the events of each in order. */
  runBatch(batch: PoolBatch): Promise<PoolBatchEnd>;
}
