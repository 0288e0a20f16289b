/**
 * How the run of a pool comes to its end. Slow keys may take long: the others go on as long as they can.
 *
 * Bridges are asked not to send while a run is about to end: the server refuses the end of a run when a signal has arrived
 * while its last task was at work, and the whole history is replayed for the next try. On a busy server that is so each
 * time, in all pools at once.
 *
 * Owns how far the end is, and how small the list of moved keys has to become before a run that did not fit into a next one
 * tries to end again.
 */
import { sleep } from '@temporalio/workflow';
import { MAX_CARRIED_BYTES, type RunLimits } from '../shared/run-limits.ts';
import type { Batches } from './batch/batches.ts';
import type { PoolKeys } from './keys.ts';

/** What was on its way when the end was announced to bridges has arrived by then. */
const DRAIN_MS = 200;
/** About that much may be left of healthy keys when a run ends, while it can still go on. */
const MAX_REMAINING_BYTES = 1024 * 1024;

export interface RunEndOptions {
  readonly limits: RunLimits;
  readonly keys: PoolKeys;
  readonly batches: Batches;
  /** Most keys fail, so the pool holds them, and would not get them done before its run ends. */
  readonly isHolding: () => boolean;
  /** Is called when something has changed. */
  readonly onInput: () => void;
}

export class RunEnd {
  readonly #options: RunEndOptions;
  #state: 'open' | 'announced' | 'drained' = 'open';
  /** Bytes of moved keys. */
  #endsBelow: number | undefined;

  constructor(options: RunEndOptions) {
    this.#options = options;
  }

  /** Bridges shall wait. */
  get isAnnounced(): boolean {
    return this.#state !== 'open';
  }

  /** What bridges have sent may still be on its way. */
  get isDraining(): boolean {
    return this.#state === 'announced';
  }

  /** The run should end, so nothing is started any more. */
  get isDue(): boolean {
    const { batches, isHolding, keys, limits } = this.#options;
    const { healthy, moved } = keys;
    if (!limits.isLong()) return false;
    if (this.#endsBelow !== undefined && moved.bytes > this.#endsBelow) return false;
    if (limits.isPressing()) return true;
    // What is carried alone may be so much that the server suggests a new run: each run does some of it (O5).
    if (!batches.hasStarted && healthy.hasReady) return false;
    // What a next run cannot be given is done first: a lane for each key would cost a hundred times as much.
    const maxRemaining = Math.min(MAX_REMAINING_BYTES, MAX_CARRIED_BYTES - moved.bytes);
    if (healthy.bytes > maxRemaining && healthy.hasReady && !isHolding()) return false;
    return !batches.hasSlow;
  }

  /** The run should end, and can wait no longer for the batches in flight. */
  get mustStop(): boolean {
    return this.isDue && this.#options.batches.count > 0 && this.#options.limits.isPressing();
  }

  /** Announces the end when it is due, and takes that back when the run goes on after all. */
  decide(): void {
    const { isDue } = this;
    if (isDue === this.isAnnounced) return;
    this.#state = isDue ? 'announced' : 'open';
    if (isDue) void sleep(DRAIN_MS).then(() => this.#drained());
  }

  /**
   * The run goes on until moved keys take this much less: nothing can be put anywhere else. Meanwhile it accepts no more
   * records, so its history hardly grows.
   * @param excess bytes that a next run cannot be given
   */
  postpone(excess: number): void {
    this.#endsBelow = this.#options.keys.moved.bytes - excess;
  }

  #drained(): void {
    if (this.#state === 'announced') this.#state = 'drained';
    this.#options.onInput();
  }
}
