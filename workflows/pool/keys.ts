/**
 * All keys of a pool: those that are handled in it, and those that have a lane of their own.
 *
 * Owns both, the verbs for keys that are in the pool, and which keys hold an event that does not run in a pool. Only the
 * host calls what changes them, at a turn of its loop or when a signal arrives. Knows nothing of Temporal.
 *
 * Invariants:
 * pool.K1 A key is handled in the pool, or has moved out, never both (O1).
 * pool.K2 A key moves out with all that waits for it, and only while it is in no batch (O1, O5).
 */
import { isInline, type LaneEvent } from '../../contracts/event/event.ts';
import { keyStateOf } from '../../contracts/lane/key-state.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import { emptyLane } from '../lane/core/machine.ts';
import { phaseOf } from './failing.ts';
import type { CommandOutcome } from './moved/lane-commands.ts';
import { MovedKeys } from './moved/moved-keys.ts';
import { HealthyKeys } from './queue.ts';
import { Verbs } from './verbs.ts';

/** Failing keys move out while fewer keys than this wait for their lanes to start: each takes its failure along. */
const MAX_LANES_STARTING = 50;

export interface PoolKeysOptions {
  readonly lane: LaneOptions;
  /** Gives the id of one start of a lane. */
  readonly newId: () => string;
  readonly onMovedOut: () => void;
}

export class PoolKeys {
  readonly healthy: HealthyKeys;
  readonly moved: MovedKeys;
  readonly verbs: Verbs;
  readonly #options: PoolKeysOptions;
  /** With an event that does not run in a pool. */
  readonly #large = new Set<string>();

  constructor({ waiting, failures, moved }: PoolState, options: PoolKeysOptions) {
    this.#options = options;
    this.healthy = new HealthyKeys(waiting, failures);
    this.moved = new MovedKeys(moved);
    this.verbs = new Verbs(options.lane);
  }

  /** Puts an event behind everything else of its key, wherever that is. */
  append({ key, ...event }: PoolEvent): void {
    if (this.moved.has(key)) this.moved.add(key, event);
    else {
      this.healthy.add(key, event);
      if (!isInline(event.data)) this.#large.add(key);
    }
  }

  /** Takes in what has come of a command for a key that has moved out. */
  settle(outcome: CommandOutcome): void {
    const { command } = outcome;
    if (outcome.kind === 'retry') this.moved.failed(command);
    else if (outcome.kind === 'lane terminated') this.moved.begunAgain(command, outcome.run);
    else if (outcome.kind === 'lane completed')
      this.#takeBack(command.key, this.moved.take(command.key, outcome.through));
    else this.#takeBack(command.key, this.moved.succeeded(command) ?? []);
  }

  /** A lane says that it has finished what it was given up to this number. */
  finished(key: string, through: number): void {
    this.#takeBack(key, this.moved.finished(key, through) ?? []);
  }

  /** The lane with which a key would move out now. */
  laneOf(key: string): LaneState {
    const phase = phaseOf(this.healthy.failingOf(key));
    return { ...emptyLane(Date.now()), queue: this.healthy.waitingOf(key), phase };
  }

  /** Keys in no batch that need a lane of their own now. */
  leaving(): readonly string[] {
    const free = [...this.verbs.keys(), ...this.#large].filter((key) => !this.healthy.isInBatch(key));
    return [...free, ...this.healthy.leaving(MAX_LANES_STARTING - this.moved.starting)];
  }

  /** Carries out the verbs of keys in no batch, and moves out the keys that need a lane. */
  moveOutLeaving(): void {
    for (const key of new Set(this.leaving())) {
      // It may have moved out by itself meanwhile.
      if (this.moved.has(key)) {
        this.#large.delete(key);
        continue;
      }
      const lane = this.verbs.act(key, this.laneOf(key), Date.now());
      const mustLeave = this.#large.has(key) || this.healthy.failingOf(key)?.leaves === true;
      if (lane !== undefined || mustLeave) this.moveOut(key, lane);
    }
  }

  /**
   * A verb that waits for the key acts on the lane, whatever the key moves out for, and the lane keeps the decision (O11).
   * @param lane when its verb has acted
   */
  moveOut(key: string, lane?: LaneState): void {
    const before = lane ?? this.laneOf(key);
    const after = this.verbs.act(key, before, Date.now()) ?? before;
    this.healthy.remove(key);
    this.moved.moveOut(key, keyStateOf(after), after.queue, this.#options.newId());
    this.#options.onMovedOut();
    this.#large.delete(key);
  }

  /** When nothing is in a batch. */
  toState(): Pick<PoolState, 'waiting' | 'failures' | 'moved'> {
    return { ...this.healthy.toCarried(), moved: this.moved.toMoved() };
  }

  /** A key is back from its lane, with what waits for it. */
  #takeBack(key: string, events: readonly LaneEvent[]): void {
    for (const event of events) this.append({ ...event, key });
  }
}
