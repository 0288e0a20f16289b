import { log, sleep } from '@temporalio/workflow';
import type { Failure, RetryPolicy } from '../../contracts/failure.ts';
import type { Outage } from '../../contracts/pool.ts';
import { afterTry, outageBegins, Trials, type Trial } from './outage.ts';
import type { PoolMeter } from './pool-meter.ts';

export interface Failed {
  readonly failure: Failure;
  readonly policy: RetryPolicy;
}

/** Watches whether most keys of a pool fail, and says when some may be tried again. Owns the outage and its timer. */
export class OutageKeeper {
  readonly #trials = new Trials();
  readonly #meter: PoolMeter;
  readonly #onInput: () => void;
  #outage: Outage | undefined;
  #isTryDue = false;

  /**
   * @param outage that began in a run before
   * @param onInput is called when a try may be due
   */
  constructor(outage: Outage | undefined, meter: PoolMeter, onInput: () => void) {
    this.#outage = outage;
    this.#meter = meter;
    this.#onInput = onInput;
    if (outage !== undefined) this.#waitForTry(outage);
  }

  get outage(): Outage | undefined {
    return this.#outage;
  }

  get isTryDue(): boolean {
    return this.#isTryDue;
  }

  tryBegins(): void {
    this.#isTryDue = false;
  }

  /**
   * Takes in the keys of a batch, and the latest failure of one that may be retried.
   * @returns whether keys that fail stay, since the fault lies elsewhere
   */
  judge(trials: readonly Trial[], latest: Failed | undefined): boolean {
    const isOutage = this.#trials.add(trials);
    if (this.#outage !== undefined) this.#afterTry(this.#outage, trials, latest);
    else if (isOutage && latest !== undefined) this.#begin(latest);
    if (this.#outage === undefined) return false;
    this.#meter.outage();
    this.#waitForTry(this.#outage);
    return true;
  }

  #begin({ failure, policy }: Failed): void {
    this.#outage = outageBegins(Date.now(), failure, policy);
    log.warn('Most keys fail: the fault lies elsewhere, so they stay in the pool and are tried now and then', {
      failure,
    });
  }

  #afterTry(outage: Outage, trials: readonly Trial[], latest: Failed | undefined): void {
    const failed = trials.filter((trial) => trial === 'failed').length;
    this.#outage = afterTry(outage, { failed, done: trials.length - failed }, Date.now(), latest);
    if (this.#outage !== undefined) return;
    this.#trials.forget();
    log.info('Handlers work again', { since: outage.since });
  }

  #waitForTry({ retryAt }: Outage): void {
    void sleep(Math.max(1, retryAt - Date.now())).then(() => {
      this.#isTryDue = this.#outage !== undefined && this.#outage.retryAt <= Date.now();
      this.#onInput();
    });
  }
}
