import type { Failure } from '../event/failure.ts';
import type { Outage, PoolState, Release } from './state.ts';
import type { EndedRun } from '../run.ts';

/** Memo of a pool, written on changes only. */
export interface PoolMemo {
  /** It holds as much as it should: the bridge waits. */
  readonly full: boolean;
  /** Why, where that does not pass by itself: so many keys have lanes of their own that a next run could hold no more. */
  readonly fullOf?: 'moved keys';
  readonly outage?: Pick<Outage, 'since' | 'failure' | 'holdUntil'>;
  readonly release?: Pick<Release, 'since' | 'at' | 'why' | 'failure'>;
}

/** Answer of the query `pool`. */
export interface PoolView {
  readonly pipeline: string;
  /** Events of healthy keys that are not done. */
  readonly waiting: number;
  /** About as many as they take in Temporal. */
  readonly bytes: number;
  /** In flight. */
  readonly batches: number;
  /** Keys that have a lane of their own. */
  readonly moved: number;
  readonly handled: number;
  /** As in the memo. */
  readonly fullOf?: 'moved keys';
  readonly outage?: Outage;
  readonly release?: Release;
  /** Keys that fail and have no lane of their own yet. Absent when there are none. */
  readonly failing?: FailingKeys;
  /** Set when events are gone that were not handled. */
  readonly lost?: string;
  /** Set while the pool takes over from this run, which was ended from outside: the rest is what it has so far. */
  readonly takesOver?: EndedRun;
}

export interface FailingKeys {
  readonly keys: number;
  /** Their events, the failing ones included. */
  readonly events: number;
  /** Those that have used up their attempts and wait for their turn to move out. */
  readonly leaving: number;
  /** A few of them, the longest failing first. */
  readonly sample: readonly string[];
}

/** Answer of the query `remains`, without the events. */
export interface PoolRemains {
  readonly state: PoolState;
  /** Events of all keys, those of moved ones that their lanes do not have included: see the query `tail`. */
  readonly tail: number;
  /** Set until what this run had to take over is in its state. */
  readonly predecessor?: EndedRun;
}

/** Answer of the query `key`. */
export type PoolKeyView =
  | { readonly where: 'pool'; readonly waiting: number; readonly isInBatch: boolean; readonly failing?: FailingView }
  /** `waiting`: events that its lane does not have yet. */
  | { readonly where: 'lane'; readonly waiting: number };

/** A key whose first event fails, and which has no lane of its own yet. */
export interface FailingView {
  /** ms since 1970 */
  readonly since: number;
  readonly attempts: number;
  readonly lastAt: number;
  /** Before this it is not tried again, ms since 1970. Absent when it has no attempts left, and moves out. */
  readonly nextAt?: number;
  /** Of its first event, `shardId:sequenceNumber`. */
  readonly position: string;
  /** Absent where the pool had no room for it. */
  readonly failure?: Failure;
  /** Set while the pool holds its keys back: until when, at most. */
  readonly hold?: { readonly since: number; readonly until: number };
}
