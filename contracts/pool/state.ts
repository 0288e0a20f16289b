import type { LaneEvent } from '../event/event.ts';
import type { FailedEvent, Failure, RetryPolicy } from '../event/failure.ts';
import type { Position } from '../event/position.ts';
import type { KeyState } from '../lane/key-state.ts';
import type { EndedRun } from '../run.ts';

/** An event on its way to a pool. */
export interface PoolEvent extends LaneEvent {
  readonly key: string;
}

/** The state of a pool that continue-as-new carries from run to run. */
export interface PoolState {
  /** Keys with queued events, in the order in which they are next; the events of each key are in order. */
  readonly waiting: readonly WaitingKey[];
  /** Keys that have their own lane. */
  readonly moved: Readonly<Record<string, MovedKey>>;
  /** Per shard, the last position accepted (O6). */
  readonly marks: Readonly<Record<string, Position>>;
  /** See {@link LaneState}. */
  readonly behindSince: Readonly<Record<string, number>>;
  readonly remembersSince: number;
  /** Set during an outage: most keys fail and are held in the pool. */
  readonly outage?: Outage;
  /** Set after a hold that ended although keys still failed, until most keys have succeeded for a while. */
  readonly release?: Release;
  /** Set while the pool holds its keys back, and for some time afterwards. */
  readonly held?: Held;
  /** The distinct failures of queued keys. */
  readonly failures?: readonly FailedEvent[];
  /** Set when events are gone without having been handled: the message for the operator (O5). */
  readonly lost?: string;
  /** Number of events handled in the pool since it started. */
  readonly handled: number;
}

export interface WaitingKey {
  readonly key: string;
  readonly events: readonly LaneEvent[];
  /** How many times in a row the process died during a batch with its first event. */
  readonly losses?: number;
  /** Number of attempts at its first event that failed in the pool. */
  readonly attempts?: number;
  /** Set if there are such attempts. */
  readonly failing?: FailingKey;
}

export interface FailingKey {
  /** Time of the first failed attempt at its first event, ms since 1970. */
  readonly since: number;
  /** Time of the latest failed attempt. */
  readonly lastAt: number;
  /** Index in {@link PoolState.failures}. Absent if that list was full. */
  readonly failure?: number;
  /** It has no attempts left in the pool and is about to get its own lane. */
  readonly leaves?: true;
}

/** A key with its own lane. */
export interface MovedKey {
  /** Number of events that were forwarded to its lane. */
  readonly sent: number;
  /** How its lane is to be started; absent once it has started. */
  readonly start?: LaneStart;
  /** Events that have not been forwarded yet. */
  readonly events?: readonly LaneEvent[];
  /** A terminated run of the pool may have started the lane, or forwarded events to it, without recording that. */
  readonly deliveryUnknown?: true;
}

export type LaneStart =
  /** With what belongs to the key, and its first events. `id` identifies this start in the lane's memo. */
  | {
      readonly kind: 'fresh';
      readonly id: string;
      readonly state: KeyState;
      readonly events: readonly LaneEvent[];
    }
  /** The previous run was terminated externally; its run id identifies this start. */
  | { readonly kind: 'recovery'; readonly predecessor: EndedRun };

/** The pool holds its keys back. See workflows/pool/outage/outage.ts. */
export interface Outage {
  /** ms since 1970 */
  readonly since: number;
  /** Number of consecutive probes in which no key succeeded. */
  readonly tries: number;
  /** When the next probe is due, ms since 1970. */
  readonly retryAt: number;
  /** Number of keys in the next probe that have not failed so far, and of keys that have. */
  readonly fresh?: number;
  readonly retried?: number;
  /** The latest failure. */
  readonly failure: Failure;
  /** Retry policy of the latest failure. */
  readonly policy: RetryPolicy;
  /** When the hold ends at the latest, ms since 1970. */
  readonly holdUntil: number;
  /** Results of probes since the last success of a key that had failed before. */
  readonly probes?: ProbeCounts;
  /** A warning that half of the time has passed was logged. */
  readonly warned?: true;
}

/** Number of keys in probes, by result; `fresh` keys had not failed before. */
export interface ProbeCounts {
  readonly freshDone: number;
  readonly freshFailed: number;
  readonly retriedDone: number;
  readonly retriedFailed: number;
}

/** A hold ended while keys still failed: keys that fail get their own lanes. */
export interface Release {
  /** When the hold started, ms since 1970. */
  readonly since: number;
  /** When it ended. */
  readonly at: number;
  /** `bound`: maximum duration reached. `own data`: new keys succeed and failed ones do not, so their own data is the cause. */
  readonly why: 'bound' | 'own data';
  /** The latest failure. */
  readonly failure: Failure;
  /** When the pool may hold its keys again, unless most keys fail before that. */
  readonly calmAt: number;
}

/** Time that a pool has spent holding. It decays at the same rate, so a pool holds its keys at most half of the time. */
export interface Held {
  readonly ms: number;
  /** When `ms` was computed, ms since 1970. */
  readonly at: number;
}
