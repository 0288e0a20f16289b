/**
 * The batches of a pool that are in flight.
 *
 * Owns them, their numbers, and the wait while no process has room. What they give back, the host takes at a turn of its
 * loop.
 */
import type { BatchProgress } from '../../../contracts/pool/batch.ts';
import type { Malformed } from '../../../contracts/execution/outcome-codec.ts';
import type { PoolOptions } from '../../../contracts/pool/options.ts';
import { createRunner } from '../../lane/execution/create-runner.ts';
import type { Runner } from '../../lane/execution/runner.ts';
import { Crowding } from '../crowding.ts';
import type { TakenKey } from '../queue.ts';
import { Batch, type Released } from './batch.ts';

/** Keys that a batch has given back. */
export interface Returned {
  readonly keys: readonly Released[];
  /** It was the latest one that was sent out to learn whether handlers work again. */
  readonly isProbe: boolean;
}

export class Batches {
  readonly #runner: Runner;
  readonly #options: PoolOptions;
  readonly #onInput: () => void;
  readonly #inFlight = new Map<number, Batch>();
  readonly #crowding: Crowding;
  #latest = 0;
  #latestProbe = 0;

  /** @param onInput is called when a batch has ended, and when one may be started again */
  constructor(pipeline: string, options: PoolOptions, onInput: () => void) {
    const { handler, retry } = options.lane;
    this.#runner = createRunner({ pipeline, handler, retry, heartbeatTimeoutMs: options.heartbeatTimeoutMs });
    this.#options = options;
    this.#onInput = onInput;
    this.#crowding = new Crowding(options.slowAfterMs, onInput);
  }

  get count(): number {
    return this.#inFlight.size;
  }

  /** Whether this run has started one. */
  get hasStarted(): boolean {
    return this.#latest > 0;
  }

  /** Those that have not said that they take long. */
  get busy(): number {
    let busy = 0;
    for (const batch of this.#inFlight.values()) if (!batch.isSlow) busy += 1;
    return busy;
  }

  get hasSlow(): boolean {
    return this.busy < this.count;
  }

  /** No process has room: none is to be started yet. */
  get mustWait(): boolean {
    return this.#crowding.isWaiting;
  }

  get hasNews(): boolean {
    for (const batch of this.#inFlight.values()) if (batch.hasNews) return true;
    return false;
  }

  get haveEnded(): boolean {
    return [...this.#inFlight.values()].every(({ hasEnded }) => hasEnded);
  }

  start(keys: readonly TakenKey[], isProbe: boolean): void {
    this.#latest += 1;
    if (isProbe) this.#latestProbe = this.#latest;
    const { slowAfterMs, lane } = this.#options;
    const options = {
      runner: this.#runner,
      number: this.#latest,
      slowAfterMs,
      retry: lane.retry,
      onEnd: this.#onInput,
    };
    this.#inFlight.set(this.#latest, new Batch(keys, options));
  }

  /** @returns what is wrong with the report; it changes nothing then */
  progress(progress: Pick<BatchProgress, 'batch'>): Malformed | undefined {
    return this.#inFlight.get(progress.batch)?.progress(progress);
  }

  /** What they have given back since this was last asked. */
  returned(): readonly Returned[] {
    const all: Returned[] = [];
    for (const [number, batch] of this.#inFlight) {
      const keys = batch.released();
      if (batch.hasEnded) this.#inFlight.delete(number);
      if (keys.length === 0) continue;
      this.#crowding.took(!batch.isSlow && keys.every(({ outcome }) => outcome.kind === 'not started'));
      all.push({ keys, isProbe: number === this.#latestProbe });
    }
    return all;
  }

  /** Asks all of them to stop; each ends when the handlers that run have ended. */
  stop(): void {
    for (const batch of this.#inFlight.values()) batch.stop();
  }
}
