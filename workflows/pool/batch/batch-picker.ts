import { sleep } from '@temporalio/workflow';
import type { Outage } from '../../../contracts/pool/state.ts';
import type { PoolOptions } from '../../../contracts/pool/options.ts';
import type { HealthyKeys, TakenKey } from '../queue.ts';
import type { OutageDetector } from '../outage/detector.ts';
import { mayTryReleased, mostKeysAfter, nextDueAt, takeProbe } from '../outage/probe.ts';

export interface BatchPickerOptions {
  readonly keys: HealthyKeys;
  readonly outages: OutageDetector;
  readonly pool: PoolOptions;
  /** Is called when keys may be tried again. */
  readonly onInput: () => void;
}

/** Says which keys the next batch takes. Owns the timer for keys that may not be tried yet. */
export class BatchPicker {
  readonly #options: BatchPickerOptions;
  #wakesAt = Infinity;

  constructor(options: BatchPickerOptions) {
    this.#options = options;
  }

  /** @param busy batches that run and are not slow */
  mayStartBatch(busy: number): boolean {
    const { keys, outages, pool } = this.#options;
    if (!keys.hasReady) return false;
    if (outages.outage !== undefined) return outages.isProbeDue && busy === 0;
    const first = this.#first();
    if (first === undefined) return false;
    return keys.lossesOf(first) > 0 ? busy === 0 : busy < pool.batchesInFlight;
  }

  /** None when no key may be tried now. */
  takeBatch(): readonly TakenKey[] {
    const { keys, outages, pool } = this.#options;
    const { batch: limits, eventsPerKey } = pool;
    if (outages.outage !== undefined) return this.#takeProbe(outages.outage);
    const first = this.#first();
    const losses = first === undefined ? 0 : keys.lossesOf(first);
    const mayTry = this.#mayTry();
    const where = (key: string) => keys.lossesOf(key) === losses && mayTry(key);
    if (losses === 0) return keys.take({ limits, eventsPerKey, where });
    return keys.take({ limits, eventsPerKey: 1, where, mostKeys: mostKeysAfter(losses) });
  }

  /** Keys that may not be tried yet are looked at again when the first of them may be. */
  wakeForRetries(): void {
    const { keys, onInput, outages } = this.#options;
    if (outages.release === undefined) return;
    const at = nextDueAt(keys) ?? Infinity;
    if (at <= Date.now() || at >= this.#wakesAt) return;
    this.#wakesAt = at;
    void sleep(at - Date.now()).then(() => {
      if (this.#wakesAt === at) this.#wakesAt = Infinity;
      onInput();
    });
  }

  #takeProbe(outage: Outage): readonly TakenKey[] {
    const { keys, outages, pool } = this.#options;
    const taken = takeProbe(keys, outage, pool, Date.now());
    if (taken.length > 0) outages.probeBegins();
    else outages.postpone(nextDueAt(keys) ?? Infinity);
    return taken;
  }

  #mayTry(): (key: string) => boolean {
    const { keys, outages } = this.#options;
    return outages.release === undefined ? () => true : mayTryReleased(keys, Date.now());
  }

  #first(): string | undefined {
    const mayTry = this.#mayTry();
    for (const key of this.#options.keys.ready()) if (mayTry(key)) return key;
    return undefined;
  }
}
