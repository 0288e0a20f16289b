import type { Failure, RetryPolicy } from '../event/failure.ts';

/** What the head is doing. `attempts` counts the attempts made so far. */
export type LanePhase =
  /** Nothing is in flight. The queue may hold events that are about to start. */
  | { readonly state: 'idle' }
  /** The first `count` events of the queue are in their first pass. */
  | { readonly state: 'running'; readonly count: number }
  /** The head failed and is tried again, durably. */
  | ({ readonly state: 'retrying' } & HeadFailure)
  /** The head needs a person. */
  | ({ readonly state: 'blocked' } & HeadFailure)
  /** A person stopped the lane. `held` is what the head was doing, if it had failed. */
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
  /** Since when the head has been failing, ms since 1970. */
  readonly since: number;
  readonly attempts: number;
  /**
   * `attempts` at which the present round of retries began: 0, or what it was when a person asked for another round.
   * A round has `policy.maxAttempts` attempts.
   */
  readonly roundFrom: number;
  /** How often in a row the last attempt of the round was lost to Temporal. It is made again, and counts when it has ended. */
  readonly losses?: number;
  /** When the next attempt is due, where the lane knows that itself; ms since 1970. Temporal knows the later ones. */
  readonly nextAttemptAt?: number;
}

export type LaneStateName = LanePhase['state'];
