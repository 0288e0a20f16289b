/**
 * One batch in flight: which of its keys it still has, and what became of the others.
 *
 * Invariant: a key is released once, with its outcome (O1, O4).
 */
import { CancellationScope } from '@temporalio/workflow';
import type { RetryPolicy } from '../../../contracts/event/failure.ts';
import type { Outcome } from '../../../contracts/execution/outcome.ts';
import { isMalformed, readReport, type Malformed } from '../../../contracts/execution/outcome-codec.ts';
import type { Runner } from '../../lane/execution/runner.ts';
import type { TakenKey } from '../queue.ts';

export interface BatchOptions {
  readonly runner: Runner;
  readonly number: number;
  readonly slowAfterMs: number;
  /** The policy for retries of a failure that a progress report names without one. */
  readonly retry: RetryPolicy;
  /** Is called when the batch has ended. */
  readonly onEnd: () => void;
}

/** A key that the batch does not have any more. */
export interface Released extends TakenKey {
  readonly outcome: Outcome;
  /** The policy for retries, when its event failed. */
  readonly retry: RetryPolicy;
}

export class Batch {
  readonly #keys: readonly TakenKey[];
  readonly #options: BatchOptions;
  readonly #remaining: Map<number, TakenKey>;
  readonly #scope = new CancellationScope();
  readonly #released: Released[] = [];
  #hasEnded = false;
  #isSlow = false;

  constructor(keys: readonly TakenKey[], options: BatchOptions) {
    this.#keys = keys;
    this.#options = options;
    this.#remaining = new Map(keys.entries());
    const { number, onEnd, runner, slowAfterMs } = options;
    void this.#scope.run(async () => {
      const { outcomes, retry } = await runner.runBatch({ number, keys, slowAfterMs });
      for (const [index, outcome] of outcomes.entries()) this.#release(index, outcome, retry);
      this.#hasEnded = true;
      onEnd();
    });
  }

  /** The batch has reported which keys take long, and has no others. */
  get isSlow(): boolean {
    return this.#isSlow;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get hasNews(): boolean {
    return this.#hasEnded || this.#released.length > 0;
  }

  /** Asks the batch to stop; it ends when the handlers that run have ended. */
  stop(): void {
    this.#scope.cancel();
  }

  /**
   * Applies what the batch reports while it runs. A report that cannot be from this batch releases nothing.
   * @returns what is wrong with it
   */
  progress(progress: unknown): Malformed | undefined {
    if (this.#hasEnded) return undefined;
    const report = readReport(
      progress,
      this.#keys.map(({ events }) => events.length),
    );
    if (isMalformed(report)) return report;
    this.#isSlow = true;
    const { outcomes, retry = this.#options.retry } = report;
    for (const [index, outcome] of outcomes.entries())
      if (outcome.kind !== 'running') this.#release(index, outcome, retry);
    return undefined;
  }

  /** Keys that the batch does not have any more, since the last call. */
  released(): Released[] {
    return this.#released.splice(0);
  }

  #release(index: number, outcome: Outcome, retry: RetryPolicy): void {
    const taken = this.#remaining.get(index);
    if (taken === undefined) return;
    this.#remaining.delete(index);
    this.#released.push({ ...taken, outcome, retry });
  }
}
