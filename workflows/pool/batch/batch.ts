/**
 * One batch in flight: the activity that runs it, and which of its keys it still has.
 *
 * Temporal must not try a batch again by itself: what it has told in the meantime is done, and its keys may be in other
 * batches by then (O1). So it has one attempt, and when that is lost the pool decides what becomes of the keys.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  isCancellation,
  log,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import { isMalformed, readOutcomes, type Malformed } from '../../../contracts/pool/batch-outcomes.ts';
import { readFailedEvent } from '../../../contracts/event/failure.ts';
import type {
  BatchActivities,
  BatchKey,
  BatchProgress,
  BatchResult,
  KeyOutcome,
} from '../../../contracts/pool/batch.ts';
import type { TakenKey } from '../queue.ts';

/** The activity watches the handlers' time limits itself. */
const FOREVER = '365 days';

export interface BatchOptions {
  readonly pipeline: string;
  readonly number: number;
  readonly slowAfterMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Batches say of each key what became of it. Of those in histories of earlier versions, what is not named was done whole. */
  readonly isExplicit: boolean;
  /** Is called when it has ended. */
  readonly onEnd: () => void;
}

/** A key that the batch does not have any more. */
export interface Released extends TakenKey {
  readonly outcome: KeyOutcome;
  /** Its process was lost, or never had it: what is done beyond `outcome` is not known. */
  readonly isLost: boolean;
}

export class Batch {
  readonly #keys: readonly TakenKey[];
  readonly #isExplicit: boolean;
  readonly #left: Map<number, TakenKey>;
  readonly #scope = new CancellationScope();
  readonly #released: Released[] = [];
  #hasEnded = false;
  #isSlow = false;

  constructor(keys: readonly TakenKey[], options: BatchOptions) {
    this.#keys = keys;
    this.#isExplicit = options.isExplicit;
    this.#left = new Map(keys.entries());
    void this.#scope.run(async () => {
      await this.#run(keys, options);
      this.#hasEnded = true;
      options.onEnd();
    });
  }

  /** It has told which keys take long, and has no others. */
  get isSlow(): boolean {
    return this.#isSlow;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get hasNews(): boolean {
    return this.#hasEnded || this.#released.length > 0;
  }

  /** Asks it to stop; it ends when the handlers that run have ended. */
  stop(): void {
    this.#scope.cancel();
  }

  /**
   * Takes in what the batch reports while it runs. A report that cannot be from it releases nothing.
   * @returns what is wrong with it
   */
  progress(progress: BatchProgress): Malformed | undefined {
    if (this.#hasEnded) return undefined;
    const { running } = progress;
    const outcomes = this.#read(progress);
    if (isMalformed(outcomes)) return outcomes;
    if (this.#isExplicit && !running.every((index) => this.#keys[index] !== undefined))
      return { problem: 'it does not have all the keys that it says are running' };
    this.#isSlow = true;
    this.#release((index) => !running.includes(index), outcomes, false);
    return undefined;
  }

  /** Keys that it does not have any more, since this was asked last. */
  released(): Released[] {
    return this.#released.splice(0);
  }

  async #run(keys: readonly TakenKey[], options: BatchOptions): Promise<void> {
    const { pipeline, number, slowAfterMs, heartbeatTimeoutMs } = options;
    const events = keys.reduce((sum, { events: { length } }) => sum + length, 0);
    const { runBatch } = proxyActivities<BatchActivities>({
      startToCloseTimeout: FOREVER,
      heartbeatTimeout: heartbeatTimeoutMs,
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      summary: `${events} events of ${keys.length} keys`,
      retry: { maximumAttempts: 1 },
      // The worker that runs the pool would get them all, however busy it is.
      allowEagerDispatch: false,
    });
    const input = keys.map(({ key, events: own, attempts, losses }): BatchKey =>
      attempts + losses > 0 ? { key, events: own, attempts, losses } : { key, events: own },
    );
    try {
      const outcomes = this.#read(await runBatch({ pipeline, batch: number, keys: input, slowAfterMs }));
      if (!isMalformed(outcomes)) return this.#release(() => true, outcomes, false);
      log.error('A batch has not said what became of its keys: they are tried again', { problem: outcomes.problem });
      this.#release(() => true, this.#nothing(), true);
    } catch (error) {
      // It was stopped before any process had it.
      if (isCancellation(error)) this.#release(() => true, this.#nothing(), false);
      else this.#release(() => true, this.#lastReported(error), true);
    }
  }

  #nothing(): KeyOutcome[] {
    return this.#keys.map(() => ({ done: 0 }));
  }

  #read(result: unknown): readonly KeyOutcome[] | Malformed {
    const sizes = this.#keys.map(({ events }) => events.length);
    return this.#isExplicit ? readOutcomes(result, sizes) : readFormer(result as BatchResult, sizes);
  }

  /** What the last heartbeat of a lost process said is done, is done; nothing else. */
  #lastReported(error: unknown): readonly KeyOutcome[] {
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn('A batch was lost with its process; its keys are tried again, a few at a time', { error });
    const details: unknown = error.cause instanceof TimeoutFailure ? error.cause.lastHeartbeatDetails : undefined;
    const nothing = this.#nothing();
    if (details === undefined || details === null) return nothing;
    if (!this.#isExplicit) return nothing.map((none, index) => (details as BatchResult).outcomes[index] ?? none);
    const outcomes = this.#read(details);
    return isMalformed(outcomes) ? nothing : outcomes;
  }

  #release(which: (index: number) => boolean, outcomes: readonly KeyOutcome[], isLost: boolean): void {
    for (const [index, taken] of this.#left) {
      const outcome = outcomes[index];
      if (!which(index) || outcome === undefined) continue;
      this.#left.delete(index);
      this.#released.push({ ...taken, outcome, isLost });
    }
  }
}

/** As it was read when what a batch did not name had been done whole. */
function readFormer({ outcomes }: BatchResult, sizes: readonly number[]): readonly KeyOutcome[] {
  return sizes.map((size, index) => {
    const { failed, ...outcome } = outcomes[index] ?? { done: size };
    const how = readFailedEvent(failed);
    return how === undefined ? outcome : { ...outcome, failed: how };
  });
}
