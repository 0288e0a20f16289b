import type { LaneEvent } from '../event/event.ts';
import type { Failure } from '../event/failure.ts';
import type { EncodedOutcomes } from './outcome-codec.ts';

/** The events of one key that run one after the other. */
export interface EventBatchInput {
  readonly pipeline: string;
  readonly key: string;
  readonly events: readonly LaneEvent[];
  /** How often in a row the first event was lost with its process before, in other activities. */
  readonly losses?: number;
  /** Workflow id of the pool that started the lane: see activities/execution/key-owner.ts. */
  readonly pool?: string;
}

export interface EventInput {
  readonly pipeline: string;
  readonly key: string;
  readonly event: LaneEvent;
  /** As in {@link EventBatchInput}. */
  readonly pool?: string;
  /** Attempts made before this activity was scheduled. */
  readonly attemptsBefore: number;
  /**
   * The failure of the last attempt made before. The activity's first attempt reports it without calling the handler: so
   * Temporal counts that attempt, shows its failure, and waits before the next one.
   */
  readonly reportFirst?: {
    readonly failure: Failure;
    /** The rest of a wait that had begun before, in ms; without it Temporal waits as the policy says. */
    readonly waitMs?: number;
  };
}

/** Failure type of an attempt that does not count. For people who look at the activity: the lane reads the details. */
export const NOT_COUNTED = 'NotCounted';

/** Failure type of an event whose attempts were lost to Temporal. It cannot tell a process that died from a slow one. */
export const HEARTBEAT_TIMEOUT = 'HeartbeatTimeout';

export const NO_HEARTBEAT = 'The process died, stood still, was overloaded, or was cut off from Temporal';

/** The activities that a lane uses, on the task queue of the settings. */
export interface HandlingActivities {
  /** First pass: runs the events one after the other, and stops at the first that fails. Its failures are outcomes. */
  runEvents(input: EventBatchInput): Promise<EncodedOutcomes>;
  /**
   * Runs one event. It throws when the event fails, so that Temporal's retry policy applies; the details of what it throws are the
   * outcome of the attempt, and nothing else is: a handler's error may have any type and any name.
   */
  runEvent(input: EventInput): Promise<EncodedOutcomes>;
  /** Deletes data of a pipeline's large events from the store. Data that is not there is not a failure. */
  deleteData(pipeline: string, names: readonly string[]): Promise<void>;
}
