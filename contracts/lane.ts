import { DEFAULT_SEGMENT_LIMITS, type Backlog, type SegmentLimits } from './backlog.ts';
import type { Claim, LaneEvent } from './event.ts';
import type { Failure, RetryPolicy } from './failure.ts';
import type { VerbName } from './names.ts';
import type { Position } from './position.ts';
import type { BegunAfter, EndedRun } from './remains.ts';
import type { WaitingEvent } from './waiting.ts';

/** Limits of one lane, fixed when it is started. */
export interface LaneOptions {
  /** Events that one first-pass activity runs at the most. */
  readonly stretchEvents: number;
  /** Bytes of data that one first-pass activity is given at the most, one event excepted. */
  readonly stretchBytes: number;
  /** A lane with nothing to do for so long ends, once the checkpoints have passed its marks. */
  readonly idleMs: number;
  /** How far behind the lane's memory a sender's lease must lie before its signal is dropped (O6). */
  readonly leaseMarginMs: number;
  /** Signals after which the lane continues as new; the server refuses the 10,001st of a run. */
  readonly signalsPerRun: number;
  /** A handler's process that is silent for so long is taken for dead. */
  readonly heartbeatTimeoutMs: number;
  /** Decisions kept in the lane, the oldest are dropped first. */
  readonly decisionsKept: number;
  /** @default DEFAULT_SEGMENT_LIMITS, for lanes that an earlier version has started */
  readonly segments?: SegmentLimits;
}

export const DEFAULT_LANE_OPTIONS: LaneOptions = {
  stretchEvents: 100,
  stretchBytes: 256 * 1024,
  idleMs: 15 * 60_000,
  leaseMarginMs: 2 * 60_000,
  signalsPerRun: 2000,
  heartbeatTimeoutMs: 15_000,
  decisionsKept: 20,
  segments: DEFAULT_SEGMENT_LIMITS,
};

/** Argument of the lane workflow. `carried` is set by continue-as-new, and by a pool from which the key has moved out. */
export interface LaneInput {
  readonly version: 1;
  readonly pipeline: string;
  readonly key: string;
  readonly options: LaneOptions;
  readonly carried?: LaneState;
  /** The run before this one was ended from outside. */
  readonly predecessor?: EndedRun;
  /** What was seen before this run was begun; absent where there was no run. */
  readonly after?: BegunAfter;
  /** Workflow id of the pool that the key goes back to when there is nothing left to do here. */
  readonly pool?: string;
}

/** Argument of the signal `records`, the only one that brings events. */
export interface RecordsSignal {
  /** Server time, ms since 1970, until which the sender was surely the reader of its shards (O6). */
  readonly leaseUntil: number;
  /** In stream order, of one shard or several. */
  readonly events: readonly LaneEvent[];
}

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

/** All of a lane that outlives a run. */
export interface LaneState {
  readonly phase: LanePhase;
  /** The head first. */
  readonly queue: readonly LaneEvent[];
  /** What is behind the queue; absent when that holds everything. */
  readonly backlog?: Backlog;
  /**
   * Set when events of this lane are gone that were not handled, until a head is blocked for it: a person has to know
   * before anything that came after them is handled (O5).
   */
  readonly lost?: string;
  /**
   * Names in the store of large events of data that nobody needs any more, until it has been deleted. The data of an
   * event that a person skipped or replaced is never among it: its decision names it.
   */
  readonly unneeded?: readonly string[];
  /** Per shard, the last position accepted. A position that is not beyond its mark is dropped (O6). */
  readonly marks: Readonly<Record<string, Position>>;
  /**
   * Per shard, since when its mark is known to lie behind the checkpoint. A mark is forgotten only some time after that:
   * a request that was held up on its way may still arrive.
   */
  readonly behindSince: Readonly<Record<string, number>>;
  /** Since when the lane remembers every mark: its birth, or when it last forgot one. ms since 1970. */
  readonly remembersSince: number;
  /** The latest last. */
  readonly decisions: readonly Decision[];
  /** Events handled since the lane began. */
  readonly handled: number;
  /**
   * How many of the next events run alone, since a process was lost in a stretch with them: so the one that kills
   * processes is found, and is the only one that is held up for it.
   */
  readonly careful: number;
  /** How often the event at this position was lost with its process, in a row, where that is not over. */
  readonly losses?: { readonly position: string; readonly count: number };
}

/** Argument of a verb, as an update or as a plain signal. All fields are optional. */
export interface VerbArgs {
  /** The record that it is meant for, `shardId:sequenceNumber[:subSequenceNumber]`. Without it: the head that failed. */
  readonly position?: string;
  readonly by?: string;
  readonly reason?: string;
  /** New data for `replace`: a JSON value, or the bytes as text or base64. */
  readonly data?: unknown;
  readonly text?: string;
  readonly base64?: string;
  /** Or new data that is in the store of large events already, and its bytes. */
  readonly claim?: Claim;
  readonly size?: number;
}

/** What a verb did. A refused one changed nothing. */
export interface Decision {
  readonly verb: VerbName;
  readonly outcome: 'done' | 'refused';
  /** Why it was refused. */
  readonly why?: string;
  readonly at: number;
  readonly by: string;
  readonly reason?: string;
  /** The record that it acted on or was meant for. */
  readonly position?: string;
  readonly stateBefore: LaneStateName;
  readonly stateAfter: LaneStateName;
  /** The failure that it decided on. */
  readonly failure?: Failure;
  /** Data before and after a replace, and of a skipped event, cut to {@link DECISION_DATA_CHARS}. */
  readonly dataBefore?: string;
  readonly dataAfter?: string;
  /** The name of the data before in the store of large events, where it stays: see {@link Claim}. */
  readonly claimBefore?: string;
}

/** Characters of an event's data that a decision keeps. */
export const DECISION_DATA_CHARS = 1024;

/** Answer of the query `lane`. */
export interface LaneView {
  readonly pipeline: string;
  readonly key: string;
  /** Set while the lane takes over from this run, which was ended from outside: the rest is what it has so far. */
  readonly takesOver?: EndedRun;
  readonly phase: LanePhase;
  readonly head?: LaneEvent;
  /** Events behind the head, wherever they are kept. */
  readonly waiting: number;
  /** Set while some of them are in segments: how many those are, and how many events and bytes they hold. */
  readonly segments?: { readonly count: number; readonly events: number; readonly bytes: number };
  /** Positions of the next few of them. */
  readonly next: readonly WaitingEvent[];
  readonly handled: number;
  readonly decisions: readonly Decision[];
  readonly marks: Readonly<Record<string, Position>>;
}

/** Memo of a lane, written on transitions, so that a list of blocked keys needs no question to each of them. */
export interface LaneMemo {
  readonly key: string;
  readonly position?: string;
  readonly attempts?: number;
  readonly failure?: Failure;
  /** ISO 8601; earlier versions wrote ms since 1970. */
  readonly since?: string | number;
  /** Of a lane that a pool has begun: which beginning of it this is. */
  readonly begun?: string;
}

/** Type of the failure with which a lane rejects a verb that would change nothing. */
export const NOTHING_TO_DECIDE = 'NothingToDecide';
