/** What a pool workflow, its bridge and its activities say to one another. In recorded histories: fields are only added. */
import type { EventLimits } from './event-weight.ts';
import type { LaneEvent } from './event.ts';
import type { FailedEvent, Failure, RetryPolicy } from './failure.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions, type LaneState, type VerbArgs } from './lane.ts';
import type { VerbName } from './names.ts';
import type { Position } from './position.ts';
import type { BegunAfter, EndedRun } from './remains.ts';

/** Stands in a lane's marks for what its pool has forwarded to it. No shard of a source has such a name. */
export const FORWARDED_MARK = '/pool';

/** Limits of one pool, fixed when it is started. */
export interface PoolOptions {
  /** What one batch may hold. */
  readonly batch: EventLimits;
  /** Events of one key in a batch. */
  readonly eventsPerKey: number;
  /** Batches that run at a time; those that only wait for slow keys come on top. */
  readonly batchesInFlight: number;
  /** A batch that takes longer tells what has ended; a key whose event has taken longer moves out when that has ended. */
  readonly slowAfterMs: number;
  /** From so much on the bridge hands nothing more over, until half of it has gone. */
  readonly full: EventLimits;
  readonly signalsPerRun: number;
  /**
   * How long the pool may hold its keys back while every key fails, and reading with them when it is full.
   * @default DEFAULT_POOL_OPTIONS.maxHoldMs, for pools that an earlier version has started
   */
  readonly maxHoldMs?: number;
  /** As a lane's. */
  readonly leaseMarginMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Of the lanes of keys that have moved out. */
  readonly lane: LaneOptions;
}

const KIB = 1024;

export const DEFAULT_MAX_HOLD_MS = 3_600_000;
/** A quarter of the shortest time for which a source keeps a record, which is 24 hours. */
export const MAX_MAX_HOLD_MS = 6 * 3_600_000;

export const DEFAULT_POOL_OPTIONS: PoolOptions = {
  // As for a lane: text with much to quote takes some times its bytes, and a payload may have 2 MiB.
  batch: { events: 500, bytes: DEFAULT_LANE_OPTIONS.stretchBytes },
  eventsPerKey: 100,
  batchesInFlight: 4,
  slowAfterMs: 2000,
  full: { events: 3000, bytes: 768 * KIB },
  signalsPerRun: 2000,
  maxHoldMs: DEFAULT_MAX_HOLD_MS,
  leaseMarginMs: DEFAULT_LANE_OPTIONS.leaseMarginMs,
  heartbeatTimeoutMs: DEFAULT_LANE_OPTIONS.heartbeatTimeoutMs,
  lane: DEFAULT_LANE_OPTIONS,
};

/** An event on its way to a pool. */
export interface PoolEvent extends LaneEvent {
  readonly key: string;
}

/** Argument of the signal `records` of a pool. */
export interface PoolSignal {
  /** As in the signal of a lane. */
  readonly leaseUntil: number;
  /** In stream order, of one shard or several. */
  readonly events: readonly PoolEvent[];
}

/** Argument of the pool workflow. `carried` is set by continue-as-new only. */
export interface PoolInput {
  readonly version: 1;
  readonly pipeline: string;
  readonly options: PoolOptions;
  readonly carried?: PoolState;
  /** The run before this one was ended from outside. */
  readonly predecessor?: EndedRun;
  /** What was seen before this run was begun; absent where there was no run. */
  readonly after?: BegunAfter;
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
  readonly begin?: Beginning;
  /** Not forwarded yet. */
  readonly events?: readonly LaneEvent[];
  /** A run of the pool that was ended from outside may have begun the lane, or forwarded to it, and not have heard of it. */
  readonly inDoubt?: true;
}

export type Beginning =
  /** With this state: why the key has moved out, and what waits for it. `id` stands for this beginning, in its memo. */
  | { readonly kind: 'anew'; readonly id: string; readonly lane: LaneState }
  /** The run before was ended from outside; its id stands for this beginning. */
  | { readonly kind: 'taking over'; readonly predecessor: EndedRun };

/** A pool holds its keys back. See workflows/pool/outage.ts. */
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

/** Result of the activity. See contracts/batch-outcomes.ts. */
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

/** Argument of the signal `look`: does the lane of this key still run? */
export interface LookSignal {
  readonly key: string;
}

/** Argument of the signal `finished`, with which a lane gives its key back and ends. */
export interface FinishedSignal {
  readonly key: string;
  /** Number of the last event that was forwarded to it. */
  readonly through: number;
}

/** Argument of `pause`, as an update or as a plain signal, for a key that has no lane of its own. */
export interface PauseSignal extends VerbArgs {
  readonly key: string;
}

/** Argument of the update `decide`: a verb for a key that has no lane of its own. Its answer is a {@link Decision}. */
export interface DecideArgs extends VerbArgs {
  readonly key: string;
  readonly verb: VerbName;
}

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
