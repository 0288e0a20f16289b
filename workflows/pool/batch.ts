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
import { readFailedEvent } from '../../contracts/failure.ts';
import type {
  BatchActivities,
  BatchDetails,
  BatchKey,
  BatchOutcome,
  BatchProgress,
  KeyOutcome,
} from '../../contracts/pool.ts';
import type { TakenKey } from './healthy-keys.ts';

/** The activity watches the handlers' time limits itself. */
const FOREVER = '365 days';

export interface BatchOptions {
  readonly pipeline: string;
  readonly number: number;
  readonly slowAfterMs: number;
  readonly heartbeatTimeoutMs: number;
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
  readonly #left: Map<number, TakenKey>;
  readonly #scope = new CancellationScope();
  readonly #released: Released[] = [];
  #hasEnded = false;
  #isSlow = false;

  constructor(keys: readonly TakenKey[], options: BatchOptions) {
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

  progress({ running, outcomes }: Pick<BatchProgress, 'running' | 'outcomes'>): void {
    if (this.#hasEnded) return;
    this.#isSlow = true;
    this.#release((index) => !running.includes(index), outcomes, false);
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
    });
    const input = keys.map(({ key, events: own, attempts, losses }): BatchKey =>
      attempts + losses > 0 ? { key, events: own, attempts, losses } : { key, events: own },
    );
    try {
      const { outcomes } = await runBatch({ pipeline, batch: number, keys: input, slowAfterMs });
      this.#release(() => true, outcomes, false);
    } catch (error) {
      // It was stopped before anybody had it.
      const nothing = Object.fromEntries(keys.map((_, index) => [index, { done: 0 }]));
      if (isCancellation(error)) this.#release(() => true, nothing, false);
      else this.#release(() => true, { ...nothing, ...told(error) }, true);
    }
  }

  #release(which: (index: number) => boolean, outcomes: BatchOutcome, isLost: boolean): void {
    for (const [index, taken] of this.#left) {
      if (!which(index)) continue;
      this.#left.delete(index);
      this.#released.push({ ...taken, outcome: read(outcomes[index] ?? { done: taken.events.length }), isLost });
    }
  }
}

function read({ failed, ...outcome }: KeyOutcome): KeyOutcome {
  const how = readFailedEvent(failed);
  return how === undefined ? outcome : { ...outcome, failed: how };
}

/** What the last heartbeat of a lost process said is done, is done. */
function told(error: unknown): BatchOutcome {
  if (!(error instanceof ActivityFailure)) throw error;
  log.warn('A batch was lost with its process; its keys are tried again, a few at a time', { error });
  const details = error.cause instanceof TimeoutFailure ? error.cause.lastHeartbeatDetails : undefined;
  return (details as BatchDetails | undefined)?.outcomes ?? {};
}
