import type { Failure, RetryPolicy } from '../event/failure.ts';

/** The state of the head, the first event of the queue. `attempts` counts the attempts made so far. */
export type LanePhase =
  /** Nothing is in flight. The queue may hold events that are about to start. */
  | { readonly state: 'idle' }
  /** The first `count` events of the queue are being handled as one batch. */
  | { readonly state: 'running'; readonly count: number }
  /** The head failed and is being retried by Temporal. */
  | ({ readonly state: 'retrying' } & HeadFailure)
  /** The head failed for good and waits for a decision of an operator. */
  | ({ readonly state: 'blocked' } & HeadFailure)
  /** An operator paused the lane. `held` is the state that the head had, if it had failed. */
  | {
      readonly state: 'paused';
      readonly since: number;
      readonly by: string;
      readonly reason?: string;
      readonly held?: { readonly state: 'retrying' | 'blocked' } & HeadFailure;
    };

export interface HeadFailure {
  readonly failure: Failure;
  readonly policy: RetryPolicy;
  /** When the head failed first, ms since 1970. */
  readonly since: number;
  readonly attempts: number;
  /**
   * `attempts` when the current round of retries started: 0, or the count at which an operator asked for another round.
   * A round has `policy.maxAttempts` attempts.
   */
  readonly roundFrom: number;
  /** How many times in a row the last attempt of the round was lost. A lost attempt is made again and counts once it ends. */
  readonly losses?: number;
  /** When the next attempt is due, ms since 1970. Set only for the first retry; Temporal schedules the later ones. */
  readonly nextAttemptAt?: number;
}

export type LaneStateName = LanePhase['state'];
