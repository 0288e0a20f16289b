import type { LaneEvent } from '../event/event.ts';
import type { FailedEvent, Failure, RetryPolicy } from '../event/failure.ts';
import type { Position } from '../event/position.ts';
import type { LaneState } from '../lane/state.ts';
import type { EndedRun } from '../run.ts';

/** An event on its way to a pool. */
export interface PoolEvent extends LaneEvent {
  readonly key: string;
}

/** All of a pool that outlives a run. */
export interface PoolState {
  /** Healthy keys with events that wait, each with them in order; the key whose turn is next comes first. */
  readonly waiting: readonly WaitingKey[];
  /** Keys that have a lane of their own. */
  readonly moved: Readonly<Record<string, MovedKey>>;
  /** Per shard, the last position accepted (O6). */
  readonly marks: Readonly<Record<string, Position>>;
  /** As a lane's. */
  readonly behindSince: Readonly<Record<string, number>>;
  readonly remembersSince: number;
  /** Set while most keys fail and are held in the pool. */
  readonly outage?: Outage;
  /** Set after a hold that did not end because handlers work again, until most keys have succeeded for a while. */
  readonly release?: Release;
  /** Set while the pool has held its keys back not long ago. */
  readonly held?: Held;
  /** Failures of keys that wait, each of them once. */
  readonly failures?: readonly FailedEvent[];
  /** Set when events are gone that were not handled: what a person has to know (O5). */
  readonly lost?: string;
  /** Events handled in the pool since it began. */
  readonly handled: number;
}

export interface WaitingKey {
  readonly key: string;
  readonly events: readonly LaneEvent[];
  /** How often a batch with its first event was lost with its process, in a row. */
  readonly losses?: number;
  /** Attempts of its first event that failed in the pool. */
  readonly attempts?: number;
  /** Set when there are such attempts. */
  readonly failing?: FailingKey;
}

export interface FailingKey {
  /** Of the first failed attempt of its first event, ms since 1970. */
  readonly since: number;
  /** Of the latest one. */
  readonly lastAt: number;
  /** Index in {@link PoolState.failures}. Absent where there was no room for it. */
  readonly failure?: number;
  /** It has no attempts left in the pool, and waits for its turn to move out. */
  readonly leaves?: true;
}

/** A key with a lane of its own. */
export interface MovedKey {
  /** Events that were forwarded to its lane: the number of the last one, from 1. */
  readonly sent: number;
  /** How its lane is to begin; absent when it has begun. */
  readonly start?: LaneStart;
  /** Not forwarded yet. */
  readonly events?: readonly LaneEvent[];
  /** A run of the pool that was ended from outside may have begun the lane, or forwarded to it, and not have heard of it. */
  readonly deliveryUnknown?: true;
}

export type LaneStart =
  /** With this state: why the key has moved out, and what waits for it. `id` stands for this beginning, in its memo. */
  | { readonly kind: 'fresh'; readonly id: string; readonly lane: LaneState }
  /** The run before was ended from outside; its id stands for this beginning. */
  | { readonly kind: 'taking over'; readonly predecessor: EndedRun };

/** A pool holds its keys back. See workflows/pool/outage/outage.ts. */
export interface Outage {
  /** ms since 1970 */
  readonly since: number;
  /** Probes in a row in which no key succeeded. */
  readonly tries: number;
  /** When the next probe is due, ms since 1970. */
  readonly retryAt: number;
  /** How many keys the next probe takes that have not failed, and how many that have. */
  readonly fresh?: number;
  readonly retried?: number;
  /** The latest one. */
  readonly failure: Failure;
  /** Of the latest failure. Absent in outages that an earlier version has found. */
  readonly policy?: RetryPolicy;
  /** When the hold ends whatever the cause, ms since 1970. Absent in the same. */
  readonly holdUntil?: number;
  /** What probes have shown since a key that had failed succeeded. */
  readonly probes?: ProbeCounts;
  /** That half of the time is over has been logged. */
  readonly warned?: true;
}

/** Keys of probes: fresh ones had not failed before. */
export interface ProbeCounts {
  readonly freshDone: number;
  readonly freshFailed: number;
  readonly retriedDone: number;
  readonly retriedFailed: number;
}

/** A hold has ended without an end of the failures: keys that fail leave the pool. */
export interface Release {
  /** When the hold began, ms since 1970. */
  readonly since: number;
  /** When it ended. */
  readonly at: number;
  /** `bound`: it had lasted as long as it may. `own data`: events that were not tried before succeed, those that failed do not. */
  readonly why: 'bound' | 'own data';
  /** The latest failure. */
  readonly failure: Failure;
  /** When the pool may hold again, unless most keys fail once more before that. */
  readonly calmAt: number;
}

/** Time that a pool has spent holding. It wears off as fast, so that a pool holds half of the time at most. */
export interface Held {
  readonly ms: number;
  /** As of when, ms since 1970. */
  readonly at: number;
}
