import type { LaneEvent } from './event.ts';
import type { Failure, RetryPolicy } from './failure.ts';
import type { Position } from './position.ts';

export interface StretchInput {
  readonly pipeline: string;
  readonly key: string;
  readonly events: readonly LaneEvent[];
}

/** How far a stretch came. An event after `done` was not started, except the failing one. */
export interface StretchOutcome {
  /** How many events succeeded, from the first on. */
  readonly done: number;
  /** Set when the event after the `done` ones failed, with what the settings say about its retries. */
  readonly failed?: { readonly failure: Failure; readonly policy: RetryPolicy };
  /** True when an earlier attempt of this stretch was lost, for example because its process died. */
  readonly lostBefore: boolean;
}

export interface EventInput {
  readonly pipeline: string;
  readonly key: string;
  readonly event: LaneEvent;
  /** Attempts made before this activity was scheduled. */
  readonly attemptsBefore: number;
  /**
   * The failure of the attempt that was made in the stretch. The activity's first attempt reports it without a call of
   * the handler: so Temporal counts that attempt, shows its failure, and waits before the next one.
   */
  readonly reportFirst?: Failure;
}

/** Details of the ApplicationFailure with which a handler's failure leaves the activity of a single event. */
export interface AttemptDetails {
  /** Counted over all activities of the event, from 1. */
  readonly attempt: number;
  readonly failure: Failure;
}

/** The type of failure with which an activity says that its worker is stopping: the attempt does not count. */
export const WORKER_STOPPING = 'WorkerStopping';

/** The activities that a lane uses, on the task queue of the settings. */
export interface HandlingActivities {
  /** First pass: runs the events one after the other, stops at the first that fails. Its failures are outcomes. */
  runStretch(input: StretchInput): Promise<StretchOutcome>;
  /** Runs one event; throws when it fails, so that Temporal's retry policy applies. */
  runEvent(input: EventInput): Promise<void>;
}

/** Short questions that a lane asks through local activities. */
export interface AskingActivities {
  /** Per shard, the position up to which the pipeline's durable checkpoint has come. */
  checkpoints(pipeline: string): Promise<Record<string, ShardCheckpoint>>;
  /** The attempts that Temporal counts for the one pending `runEvent` of a lane; 0 when there is none. */
  attemptsOfPendingEvent(lane: { readonly workflowId: string; readonly runId: string }): Promise<number>;
}

/** `ended`: every record of the shard has been taken over, whatever the mark. */
export type ShardCheckpoint = { readonly ended: true } | { readonly ended: false; readonly position?: Position };
