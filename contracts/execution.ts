import type { LaneEvent } from './event/event.ts';
import { type FailedEvent, type Failure, readFailedEvent, readFailure } from './event/failure.ts';

export interface EventBatchInput {
  readonly pipeline: string;
  readonly key: string;
  readonly events: readonly LaneEvent[];
  /** How often the first event was lost with its process before, in a row, in other activities. */
  readonly losses?: number;
  /** Workflow id of the pool that has begun the lane: see activities/execution/key-owner.ts. */
  readonly pool?: string;
}

/** How far a batch came. An event after `done` was not started, except the failing one. */
export interface EventBatchOutcome {
  /** How many events succeeded, from the first on. */
  readonly done: number;
  /** Set when the event after the `done` ones failed, with what the settings say about its retries. */
  readonly failed?: FailedEvent;
  /** True when an earlier attempt of this batch was lost, for example because its process died. */
  readonly lostBefore: boolean;
  /** How often the event after the `done` ones was lost with its process, in a row, where it has not been run since. */
  readonly losses?: number;
  /** The lane has given its key back to its pool: nothing was started. */
  readonly notOwner?: true;
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
   * The failure of the last attempt that was made before. The activity's first attempt reports it without a call of the
   * handler: so Temporal counts that attempt, shows its failure, and waits before the next one.
   */
  readonly reportFirst?: {
    readonly failure: Failure;
    /** What is left of a wait that had begun before, in ms; without it Temporal waits as the policy says. */
    readonly waitMs?: number;
  };
}

/**
 * Details of the ApplicationFailure with which the activity of a single event ends. They say what became of the attempt,
 * and nothing else does: a handler's error may have any type and any name, and its details are left out.
 */
export type AttemptDetails =
  /** `attempt`: counted over all activities of the event, from 1. */
  | { readonly kind: 'failed'; readonly attempt: number; readonly failure: Failure }
  /**
   * This attempt says nothing about the event: its worker stopped, or could not take it on. The lane starts another activity
   * at once.
   */
  | { readonly kind: 'not counted'; readonly attempt: number }
  /** The lane has given its key back to its pool: nothing was started. */
  | { readonly kind: 'not owner'; readonly attempt: number };

/** For people who look at the activity: the lane goes by the details. */
export const NOT_COUNTED = 'NotCounted';

/** Type of the failure of an event whose attempts were lost to Temporal. It cannot tell a process that died from a slow one. */
export const HEARTBEAT_TIMEOUT = 'HeartbeatTimeout';

export const NO_HEARTBEAT = 'The process died, stood still, was overloaded, or was cut off from Temporal';

/** Undefined when the activity has failed in another way. */
export function readAttemptDetails(value: unknown): AttemptDetails | undefined {
  const { attempt, failure, kind } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof attempt !== 'number') return undefined;
  if (kind === 'not counted' || kind === 'not owner') return { kind, attempt };
  // Earlier versions named no kind.
  return kind === 'failed' || kind === undefined
    ? { kind: 'failed', attempt, failure: readFailure(failure) }
    : undefined;
}

/** The outcome of a batch, or its last heartbeat, as an activity gave it. */
export function readEventBatchOutcome(value: unknown): EventBatchOutcome {
  const { done, failed, lostBefore, losses, notOwner } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const how = readFailedEvent(failed);
  return {
    done: countOf(done),
    ...(how === undefined ? {} : { failed: how }),
    lostBefore: lostBefore === true,
    ...(countOf(losses) === 0 ? {} : { losses: countOf(losses) }),
    ...(notOwner === true ? { notOwner } : {}),
  };
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0;
}

/** The activities that a lane uses, on the task queue of the settings. */
export interface HandlingActivities {
  /** First pass: runs the events one after the other, stops at the first that fails. Its failures are outcomes. */
  runEvents(input: EventBatchInput): Promise<EventBatchOutcome>;
  /** Runs one event; throws when it fails, so that Temporal's retry policy applies. */
  runEvent(input: EventInput): Promise<void>;
  /** Deletes data of a pipeline's large events from the store; that which is not there is no failure. */
  deleteData(pipeline: string, names: readonly string[]): Promise<void>;
}
