import type { Failure } from '../event/failure.ts';
import type { Outage, Release } from './state.ts';
import type { EndedRun } from '../run.ts';

/** Memo of a pool, written on changes only. */
export interface PoolMemo {
  /** The pool is full: bridges wait. */
  readonly full: boolean;
  /** Set if the pool stays full until an operator acts: so many keys have their own lanes that no more can be carried. */
  readonly fullOf?: 'moved keys';
  readonly outage?: Pick<Outage, 'since' | 'failure' | 'holdUntil'>;
  readonly release?: Pick<Release, 'since' | 'at' | 'why' | 'failure'>;
}

/** Answer of the query `pool`. */
export interface PoolView {
  readonly pipeline: string;
  /** Number of queued events of keys without their own lane. */
  readonly waiting: number;
  /** Approximate size of these events in Temporal. */
  readonly bytes: number;
  /** Number of batches in flight. */
  readonly batches: number;
  /** Number of keys that have their own lane. */
  readonly moved: number;
  readonly handled: number;
  /** See {@link PoolMemo}. */
  readonly fullOf?: 'moved keys';
  readonly outage?: Outage;
  readonly release?: Release;
  /** Keys that fail and have no lane yet. Absent if there are none. */
  readonly failing?: FailingKeys;
  /** Set when events are gone without having been handled. */
  readonly lost?: string;
  /** Set while the pool recovers from this run, which was terminated externally; the other fields may be incomplete. */
  readonly recovering?: EndedRun;
}

export interface FailingKeys {
  readonly keys: number;
  /** Number of their events, including the failing ones. */
  readonly events: number;
  /** Number of keys that have no attempts left and are about to get their own lanes. */
  readonly leaving: number;
  /** Some of them, those that have failed longest first. */
  readonly sample: readonly string[];
}

/** Answer of the query `key`. */
export type PoolKeyView =
  | { readonly where: 'pool'; readonly waiting: number; readonly isInBatch: boolean; readonly failing?: FailingView }
  /** `waiting`: number of events that have not been forwarded to its lane. */
  | { readonly where: 'lane'; readonly waiting: number };

/** A key whose first event fails, and which has no lane yet. */
export interface FailingView {
  /** ms since 1970 */
  readonly since: number;
  readonly attempts: number;
  readonly lastAt: number;
  /** Earliest time of the next attempt, ms since 1970. Absent if no attempts are left and the key moves out. */
  readonly nextAt?: number;
  /** Position of its first event, `shardId:sequenceNumber`. */
  readonly position: string;
  /** Absent if the pool had no space for it. */
  readonly failure?: Failure;
  /** Set while the pool holds its keys back, with the latest end of that. */
  readonly hold?: { readonly since: number; readonly until: number };
}
