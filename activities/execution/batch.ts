/**
 * Runs a batch of a pool: its keys concurrently, the events of each in order.
 *
 * Owns how far each key has come. Invariants: an event of a key is started only when the one before it has succeeded (O1);
 * what a progress report says has ended does not run here any more; when the batch takes long no other event is started, so that
 * it waits for nothing but the calls that run, and keys without a slot in this process go to another one (O3).
 */
import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import type { Failure, RetryPolicy } from '../../contracts/event/failure.ts';
import type { KeyReport, Outcome } from '../../contracts/execution/outcome.ts';
import { encodeOutcomes, type EncodedOutcomes } from '../../contracts/execution/outcome-codec.ts';
import { SIGNALS } from '../../contracts/names.ts';
import type { BatchInput, BatchKey, BatchProgress } from '../../contracts/pool/batch.ts';
import type { Call, CallResult } from './call.ts';
import type { CallSlots } from './call-slots.ts';
import { lostFailure } from './failure.ts';
import { cutToShare, failureShare } from './failure-share.ts';
import type { StartedHere } from './started-here.ts';

export interface BatchOptions {
  readonly client: Client;
  /** For concurrent handler calls in this process. */
  readonly slots: CallSlots;
  readonly startedHere: StartedHere;
  /** The policy that the result names for its failures. */
  readonly retry: RetryPolicy;
  readonly call: (call: Omit<Call, 'data'>) => Promise<CallResult>;
  /** Is called for each failed attempt at an event. */
  readonly onFailure: (failure: Failure, attempt: number) => void;
  /** Is called for each event that succeeded. */
  readonly onSuccess: () => void;
  /** No other event must be started. */
  readonly isStopping: () => boolean;
}

interface KeyProgress {
  succeeded: number;
  failed: { readonly failure: Failure; readonly attempts: number } | undefined;
  isSlow: boolean;
  isRunning: boolean;
  isStarted: boolean;
}

export class BatchRun {
  readonly #input: BatchInput;
  readonly #options: BatchOptions;
  readonly #keys: KeyProgress[];
  /** The batch has taken long, or another attempt may have it: no other event is started. */
  #isClosed = false;

  constructor(input: BatchInput, options: BatchOptions) {
    this.#input = input;
    this.#options = options;
    this.#keys = input.keys.map(() => ({
      succeeded: 0,
      failed: undefined,
      isSlow: false,
      isRunning: false,
      isStarted: false,
    }));
  }

  /** For heartbeats: what succeeded so far. */
  progress(): Pick<EncodedOutcomes, 'succeeded'> {
    return { succeeded: this.#keys.map(({ succeeded }) => succeeded) };
  }

  async run(): Promise<EncodedOutcomes> {
    const closing = new AbortController();
    // Each key that waits for a slot listens to it.
    setMaxListeners(0, closing.signal);
    const all = Promise.allSettled(
      this.#input.keys.map((key, index) => this.#runInSlot(key, this.#keys[index]!, closing.signal)),
    );
    const inTime = new AbortController();
    const late = delay(this.#input.slowAfterMs, 'late' as const, { signal: inTime.signal }).catch(
      () => 'in time' as const,
    );
    if ((await Promise.race([all, late])) === 'late') {
      this.#isClosed = true;
      // Other processes may have free slots: keys that wait for one here are returned.
      closing.abort();
      if (this.#keys.some(({ isRunning }) => isRunning)) await this.#reportProgress();
    }
    inTime.abort();
    for (const settled of await all) if (settled.status === 'rejected') throw settled.reason;
    return encodeOutcomes(this.#outcomes(), this.#options.retry);
  }

  async #runInSlot(key: BatchKey, progress: KeyProgress, closing: AbortSignal): Promise<void> {
    const { slots } = this.#options;
    if (!(await slots.enter(closing))) return;
    try {
      await this.#runKey(key, progress);
    } finally {
      slots.leave();
    }
  }

  async #runKey({ key, events, attempts = 0, losses = 0 }: BatchKey, progress: KeyProgress): Promise<void> {
    const { call, isStopping, onFailure, onSuccess, startedHere } = this.#options;
    const { pipeline } = this.#input;
    const fail = (failure: Failure, attempt: number): void => {
      onFailure(failure, attempt);
      progress.failed = { failure, attempts: attempt };
    };
    const [first] = events;
    const lost = first && lostFailure(losses, startedHere.times(pipeline, key, first));
    if (lost !== undefined) return fail(lost, attempts + 1);
    for (const event of events) {
      if (this.#isClosed || isStopping()) return;
      startedHere.add(pipeline, key, event);
      const startedAt = performance.now();
      progress.isRunning = true;
      progress.isStarted = true;
      try {
        const attempt = 1 + (progress.succeeded === 0 ? attempts : 0);
        const result = await call({ pipeline, key, event, attempt });
        if (result.kind === 'interrupted') return;
        if (result.kind === 'failed') return fail(result.failure, attempt);
      } catch (error) {
        // Another attempt may have the batch.
        this.#isClosed = true;
        throw error;
      } finally {
        progress.isRunning = false;
        progress.isSlow = performance.now() - startedAt > this.#input.slowAfterMs;
      }
      onSuccess();
      progress.succeeded += 1;
    }
  }

  /** A pool that this does not reach learns it from the result. */
  async #reportProgress(): Promise<void> {
    const { workflowExecution } = Context.current().info;
    if (workflowExecution === undefined) return;
    const { workflowId, runId } = workflowExecution;
    const outcomes = this.#outcomes().map((outcome, index): KeyReport => {
      const { isRunning, succeeded } = this.#keys[index]!;
      return isRunning ? { kind: 'running', succeeded } : outcome;
    });
    const progress: BatchProgress = { batch: this.#input.batch, ...encodeOutcomes(outcomes, this.#options.retry) };
    const handle = this.#options.client.workflow.getHandle(workflowId, runId);
    await handle.signal(SIGNALS.progress, progress).catch(() => undefined);
  }

  /** A report that is too large for Temporal would be lost, and all that the batch has done would be done again (O7). */
  #outcomes(): Outcome[] {
    const share = failureShare(this.#keys.filter(({ failed }) => failed !== undefined).length);
    return this.#keys.map(({ failed, isSlow, isStarted, succeeded }, index): Outcome => {
      const progress = { succeeded, ...(isSlow ? { isSlow } : {}) };
      if (failed !== undefined) {
        const { attempts, failure } = failed;
        return { kind: 'failed', ...progress, failure: cutToShare(failure, share), attempts };
      }
      if (succeeded === this.#input.keys[index]?.events.length) return { kind: 'succeeded', ...progress };
      return { kind: isStarted ? 'stopped' : 'not started', ...progress };
    });
  }
}
