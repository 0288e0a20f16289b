import type { LaneEvent } from '../event/event.ts';
import type { EncodedOutcomes } from '../execution/outcome-codec.ts';

/** Argument of the activity that runs a batch: keys run concurrently, the events of each key in order. */
export interface BatchInput {
  readonly pipeline: string;
  /** Identifies the batch in its run. */
  readonly batch: number;
  readonly keys: readonly BatchKey[];
  readonly slowAfterMs: number;
}

export interface BatchKey {
  readonly key: string;
  readonly events: readonly LaneEvent[];
  /** Attempts at the first event before this one. */
  readonly attempts?: number;
  /** How often in a row a batch with the first event was lost with its process. */
  readonly losses?: number;
}

/** The activities that a pool uses, on the task queue of the settings. */
export interface BatchActivities {
  /** Its result has one outcome for each key, in their order. */
  runBatch(input: BatchInput): Promise<EncodedOutcomes>;
}

/** Argument of the signal `progress`, with which a batch that takes long reports which keys it is still running. */
export interface BatchProgress extends EncodedOutcomes {
  readonly batch: number;
}
