import type { Failure, RetryPolicy } from '../event/failure.ts';

/**
 * What became of the events of one key that were given to a runner, in their order. The same words serve the batch of a lane,
 * the single event that is being retried, and each key of a pool's batch, whatever runs them. Success is explicit: an event
 * has succeeded only when `succeeded` counts it (O4).
 */
export type Outcome = Progress &
  (
    | { readonly kind: 'succeeded' }
    /** The event after those that succeeded failed. `attempts`: made at it in all, this one included. */
    | { readonly kind: 'failed'; readonly failure: Failure; readonly attempts: number }
    /**
     * The run was asked to stop, or its process could not continue. What an interrupted call did is not known, so its event counts
     * as not done. `attempts`: made at the event in all, without an interrupted one; absent when the run cannot say.
     */
    | { readonly kind: 'stopped'; readonly attempts?: number }
    /** The process was lost, or its answer cannot be used. `attempts`: made in all, without the one that was lost. */
    | { readonly kind: 'lost'; readonly failure: Failure; readonly attempts: number }
    /** No event was started: the process was busy, was stopping, or does not have the pipeline. */
    | { readonly kind: 'not started' }
    /** No event was started: the lane has returned its key to the pool. */
    | { readonly kind: 'not owner' }
  );

export interface Progress {
  /** How many events succeeded, from the first on. Those after the next one were not started. */
  readonly succeeded: number;
  /** One of the events took longer than the `slowAfterMs` of the runner. */
  readonly isSlow?: true;
  /** An earlier attempt at these events was lost, for example because its process died. */
  readonly lostBefore?: true;
  /** How often in a row the event after those that succeeded was lost with its process, where it has not been run since. */
  readonly losses?: number;
}

/** What became of a key, or that the batch of a pool is still running it. */
export type KeyReport = Outcome | (Progress & { readonly kind: 'running' });

/** The parsed answer of a runner. */
export interface Outcomes<Report extends KeyReport = Outcome> {
  /** One for each key, in the order in which the keys were given. */
  readonly outcomes: readonly Report[];
  /** The retry policy of the process that ran the events; absent when nothing failed there. */
  readonly retry?: RetryPolicy;
}
