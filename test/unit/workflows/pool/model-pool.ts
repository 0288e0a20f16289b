/** A pool without Temporal, with a clock of its own: the real keys, probes and outages, and handlers that a test writes. */
import type { Outcome } from '../../../../contracts/execution/outcome.ts';
import type { PoolOptions } from '../../../../contracts/pool/options.ts';
import { DEFAULT_POOL_OPTIONS } from '../../../../contracts/pool/options.ts';
import type { Failure, RetryPolicy } from '../../../../contracts/event/failure.ts';
import { HealthyKeys, type TakenKey } from '../../../../workflows/pool/queue.ts';
import { OutageWatch, type Change } from '../../../../workflows/pool/outage/outage.ts';
import { takeFailures, takeOutcomes } from '../../../../workflows/pool/batch/outcomes.ts';
import { mayTryReleased, nextDueAt, takeProbe } from '../../../../workflows/pool/outage/probe.ts';
import { laneEvent } from '../../../support/lane-events.ts';

export const FAILED: Failure = { type: 'Error', message: 'it fails', nonRetryable: false };
const BATCH_MS = 20;

export interface ModelOptions {
  readonly policy: RetryPolicy;
  readonly maxHoldMs: number;
  /** Whether an event fails. */
  readonly fails: (key: string, n: number, now: number) => boolean;
  readonly pool?: Partial<PoolOptions>;
}

interface BatchInFlight {
  readonly taken: readonly TakenKey[];
  readonly isProbe: boolean;
  readonly endsAt: number;
}

export class ModelPool {
  now = 0;
  /** When events were done, by key and number. */
  readonly done = new Map<string, number>();
  /** Attempts, by key and number. */
  readonly attempts = new Map<string, number>();
  /** Keys that have left, and when they failed first. */
  readonly left = new Map<string, { readonly at: number; readonly failingSince: number; readonly attempts: number }>();
  readonly changes: (Change & { readonly at: number })[] = [];
  readonly keys = new HealthyKeys([]);
  readonly watch: OutageWatch;
  readonly #options: ModelOptions;
  readonly #pool: PoolOptions;
  #batches: BatchInFlight[] = [];
  #probeAt = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.#pool = { ...DEFAULT_POOL_OPTIONS, ...options.pool };
    this.watch = new OutageWatch({}, options.maxHoldMs);
  }

  add(key: string, n: number): void {
    if (!this.left.has(key)) this.keys.add(key, laneEvent(n));
  }

  /** Lets the time go by. */
  runUntil(until: number): void {
    for (;;) {
      this.#step();
      const next = Math.min(...this.#batches.map(({ endsAt }) => endsAt), this.#nextAt());
      if (next > until) break;
      this.now = Math.max(next, this.now + 1);
    }
    this.now = until;
  }

  #nextAt(): number {
    const probeAt = this.watch.outage === undefined || this.#batches.length > 0 ? Infinity : this.#probeAt;
    const retryAt = this.watch.release === undefined ? Infinity : (nextDueAt(this.keys) ?? Infinity);
    return Math.min(this.watch.nextAt, this.keys.hasReady ? probeAt : Infinity, retryAt);
  }

  #mayTry(): (key: string) => boolean {
    return this.watch.release === undefined ? () => true : mayTryReleased(this.keys, this.now);
  }

  #step(): void {
    this.#changed(this.watch.tick(this.now));
    for (const batch of this.#batches.filter(({ endsAt }) => endsAt <= this.now)) this.#end(batch);
    this.#batches = this.#batches.filter(({ endsAt }) => endsAt > this.now);
    while (this.#start());
  }

  #start(): boolean {
    const { outage } = this.watch;
    const { batch: limits, batchesInFlight, eventsPerKey } = this.#pool;
    if (!this.keys.hasReady || this.#batches.length >= (outage === undefined ? batchesInFlight : 1)) return false;
    if (outage !== undefined && this.now < this.#probeAt) return false;
    const taken =
      outage === undefined
        ? this.keys.take({ limits, eventsPerKey, where: this.#mayTry() })
        : takeProbe(this.keys, outage, this.#pool, this.now);
    if (taken.length === 0 && outage !== undefined)
      this.#probeAt = Math.min(nextDueAt(this.keys) ?? Infinity, this.now + 30_000);
    if (taken.length > 0) this.#batches.push({ taken, isProbe: outage !== undefined, endsAt: this.now + BATCH_MS });
    return taken.length > 0;
  }

  #end({ taken, isProbe }: BatchInFlight): void {
    const released = taken.map((one) => ({ ...one, outcome: this.#outcomeOf(one), retry: this.#options.policy }));
    const { failed, judged } = takeOutcomes(this.keys, released);
    const { latest, probe, trials } = judged;
    this.#changed(this.watch.judge({ trials, latest, ...(isProbe ? { probe } : {}) }, this.now));
    takeFailures(this.keys, failed, this.watch.mode, this.now);
    for (const key of this.keys.leaving(Infinity)) {
      const failing = this.keys.failingOf(key)!;
      this.left.set(key, { at: this.now, failingSince: failing.since, attempts: failing.attempts });
      this.keys.remove(key);
    }
    if (this.watch.outage !== undefined) this.#probeAt = this.watch.outage.retryAt;
  }

  #outcomeOf({ attempts, events, key }: TakenKey): Outcome {
    let succeeded = 0;
    for (const event of events) {
      const n = Number(event.position.sequenceNumber);
      const id = `${key}:${n}`;
      this.attempts.set(id, 1 + (this.attempts.get(id) ?? 0));
      if (this.#options.fails(key, n, this.now)) {
        return { kind: 'failed', succeeded, failure: FAILED, attempts: 1 + (succeeded === 0 ? attempts : 0) };
      }
      this.done.set(id, this.now);
      succeeded += 1;
    }
    return { kind: 'succeeded', succeeded };
  }

  #changed(changes: readonly Change[]): void {
    this.changes.push(...changes.map((change) => ({ ...change, at: this.now })));
  }
}
