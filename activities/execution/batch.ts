/**
 * Runs a batch of a pool: its keys side by side, the events of each in order.
 *
 * Owns how far each key has come. Invariants: an event of a key is started only when the one before it has succeeded (O1);
 * what was told by `progress` does not run here any more; when the batch takes long no other event is started, so that
 * it waits for nothing but the calls that run, and keys without a turn in this process go to another one (O3).
 */
import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import { writeOutcomes } from '../../contracts/pool/batch-outcomes.ts';
import { SIGNALS } from '../../contracts/names.ts';
import type {
  BatchDetails,
  BatchInput,
  BatchKey,
  BatchProgress,
  BatchResult,
  KeyOutcome,
} from '../../contracts/pool/batch.ts';
import type { Failure } from '../../contracts/event/failure.ts';
import type { CallSlots } from './call-slots.ts';
import type { Call, CallResult } from './call.ts';
import type { StartedHere } from './started-here.ts';
import { cutToShare, failureShare } from './failure-share.ts';
import { lostFailure } from './failure.ts';

export interface BatchOptions {
  readonly client: Client;
  /** For calls of handlers in this process. */
  readonly room: CallSlots;
  readonly startedHere: StartedHere;
  readonly call: (call: Omit<Call, 'data'>) => Promise<CallResult>;
  /** What becomes of a failure by the settings. */
  readonly failed: (failure: Failure, attempt: number) => KeyOutcome['failed'];
  readonly handled: () => void;
  /** No other event is to be started. */
  readonly isStopping: () => boolean;
}

interface KeyProgress {
  done: number;
  failed: KeyOutcome['failed'];
  isSlow: boolean;
  isRunning: boolean;
  isStarted: boolean;
}

export class BatchRun {
  readonly #input: BatchInput;
  readonly #options: BatchOptions;
  readonly #keys: KeyProgress[];
  /** It has taken long, or is not ours any more. */
  #isOver = false;

  constructor(input: BatchInput, options: BatchOptions) {
    this.#input = input;
    this.#options = options;
    this.#keys = input.keys.map(() => ({
      done: 0,
      failed: undefined,
      isSlow: false,
      isRunning: false,
      isStarted: false,
    }));
  }

  /** For heartbeats. */
  details(): BatchDetails {
    return writeOutcomes(this.#keys.map(({ done }) => ({ done })));
  }

  async run(): Promise<BatchResult> {
    const isLate = new AbortController();
    // Each key that waits for its turn listens to it.
    setMaxListeners(0, isLate.signal);
    const all = Promise.allSettled(
      this.#input.keys.map((key, index) => this.#runInTurn(key, this.#keys[index]!, isLate.signal)),
    );
    const inTime = new AbortController();
    const late = delay(this.#input.slowAfterMs, 'late' as const, { signal: inTime.signal }).catch(
      () => 'in time' as const,
    );
    if ((await Promise.race([all, late])) === 'late') {
      this.#isOver = true;
      // Other processes may have room: whatever waits for its turn here is given back.
      isLate.abort();
      if (this.#keys.some(({ isRunning }) => isRunning)) await this.#tell();
    }
    inTime.abort();
    for (const settled of await all) if (settled.status === 'rejected') throw settled.reason;
    return writeOutcomes(this.#outcomes());
  }

  async #runInTurn(key: BatchKey, progress: KeyProgress, isLate: AbortSignal): Promise<void> {
    const { room } = this.#options;
    if (!(await room.enter(isLate))) return;
    try {
      await this.#runKey(key, progress);
    } finally {
      room.leave();
    }
  }

  async #runKey({ key, events, attempts = 0, losses = 0 }: BatchKey, progress: KeyProgress): Promise<void> {
    const { call, failed, handled, isStopping } = this.#options;
    const { startedHere } = this.#options;
    const { pipeline } = this.#input;
    const [first] = events;
    const lost = first && lostFailure(losses, startedHere.times(pipeline, key, first));
    if (lost !== undefined) {
      progress.failed = failed(lost, attempts + 1);
      return;
    }
    for (const event of events) {
      if (this.#isOver || isStopping()) return;
      startedHere.begin(pipeline, key, event);
      const startedAt = performance.now();
      progress.isRunning = true;
      progress.isStarted = true;
      try {
        const attempt = 1 + (progress.done === 0 ? attempts : 0);
        const result = await call({ pipeline, key, event, attempt });
        if (result.kind === 'interrupted') return;
        if (result.kind === 'failed') {
          progress.failed = failed(result.failure, attempt);
          return;
        }
      } catch (error) {
        // Somebody else may have the batch.
        this.#isOver = true;
        throw error;
      } finally {
        progress.isRunning = false;
        progress.isSlow = performance.now() - startedAt > this.#input.slowAfterMs;
      }
      handled();
      progress.done += 1;
    }
  }

  /** A pool that does not hear of it learns it in the end. */
  async #tell(): Promise<void> {
    const { workflowExecution } = Context.current().info;
    if (workflowExecution === undefined) return;
    const { workflowId, runId } = workflowExecution;
    const running = this.#keys.flatMap(({ isRunning }, index) => (isRunning ? [index] : []));
    const outcomes = writeOutcomes(this.#outcomes());
    const progress: BatchProgress = { batch: this.#input.batch, running, ...outcomes };
    const handle = this.#options.client.workflow.getHandle(workflowId, runId);
    await handle.signal(SIGNALS.progress, progress).catch(() => undefined);
  }

  /** A report that is too large for Temporal would be lost, and all that the batch has done would be done again (O7). */
  #outcomes(): KeyOutcome[] {
    const share = failureShare(this.#keys.filter(({ failed }) => failed !== undefined).length);
    return this.#keys.map(({ done, failed, isSlow, isStarted }): KeyOutcome => ({
      done,
      ...(failed === undefined ? {} : { failed: { ...failed, failure: cutToShare(failed.failure, share) } }),
      ...(isSlow ? { isSlow } : {}),
      ...(isStarted || failed !== undefined ? {} : { notStarted: true }),
    }));
  }
}
