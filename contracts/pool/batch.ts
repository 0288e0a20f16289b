import type { LaneEvent } from '../event/event.ts';
import type { FailedEvent } from '../event/failure.ts';

/** Argument of the activity that runs a batch: keys side by side, the events of each in order. */
export interface BatchInput {
  readonly pipeline: string;
  /** Stands for the batch in its run. */
  readonly batch: number;
  readonly keys: readonly BatchKey[];
  readonly slowAfterMs: number;
}

export interface BatchKey {
  readonly key: string;
  readonly events: readonly LaneEvent[];
  /** Attempts of the first event before this one. */
  readonly attempts?: number;
  /** How often a batch with the first event was lost with its process, in a row. */
  readonly losses?: number;
}

/** What became of one key of a batch. Its events beyond `done` were not started, except one that failed. */
export interface KeyOutcome {
  /** How many of its events have been handled, from the first on. */
  readonly done: number;
  readonly failed?: FailedEvent;
  /** One of its events took longer than {@link PoolOptions.slowAfterMs}. */
  readonly isSlow?: true;
  /** None of its events was started, since its process had no room for another call, or was stopping. */
  readonly notStarted?: true;
}

/** By the index of the key in the batch. */
export type BatchOutcome = Readonly<Record<number, KeyOutcome>>;

/** Result of the activity. See contracts/pool/batch-outcomes.ts. */
export interface BatchResult {
  /** How many events have been handled of each key, in the order of the keys. Absent in histories of earlier versions only. */
  readonly done?: readonly number[];
  /** Of the keys of which there is more to say. */
  readonly outcomes: BatchOutcome;
}

/** The activities that a pool uses, on the task queue of the settings. */
export interface BatchActivities {
  runBatch(input: BatchInput): Promise<BatchResult>;
}

/** Details of a batch's heartbeat: how much is done so far. */
export type BatchDetails = BatchResult;

/** Argument of the signal `progress`, with which a batch that takes long reports which keys it still has. */
export interface BatchProgress extends BatchResult {
  readonly batch: number;
  /** Indexes of those that it still has. */
  readonly running: readonly number[];
}
