/**
 * Whether handlers fail because of what they depend on, or because of the events of some keys. Pure.
 *
 * A key that fails for a retryable reason moves out at once, as long as most others do well. When at least
 * {@link LEAST_FAILED} keys of a batch have failed, or of the latest {@link REMEMBERED} that were tried, and more of them than
 * not, the fault is taken to lie elsewhere: from then on the keys stay, and a few of them are tried now and then. So the fault costs
 * at most {@link LEAST_FAILED} - 1 keys a lane of their own, and a poison key among healthy ones never holds them up.
 *
 * A try takes keys that have failed and keys that have not, half of each where there are both: so keys that can never be
 * handled do not keep the others from showing that handlers work again.
 */
import type { Failure, RetryPolicy } from '../../contracts/failure.ts';
import type { Outage } from '../../contracts/pool.ts';

const REMEMBERED = 20;
const LEAST_FAILED = 5;
/** Keys of the first try, and of every one after which most keys still fail. */
const TRIED_KEYS = 8;
const MOST_WAIT_MS = 30_000;

/** What became of a key that was tried. */
export type Trial = 'done' | 'failed';

/** The latest trials of different keys. */
export class Trials {
  #latest: readonly Trial[] = [];

  /**
   * Takes in the keys of a batch.
   * @returns whether most keys fail by now
   */
  add(batch: readonly Trial[]): boolean {
    this.#latest = [...this.#latest, ...batch].slice(-REMEMBERED);
    return mostFail(batch) || mostFail(this.#latest);
  }

  forget(): void {
    this.#latest = [];
  }
}

function mostFail(trials: readonly Trial[]): boolean {
  const failed = trials.filter((trial) => trial === 'failed').length;
  return failed >= LEAST_FAILED && failed > trials.length / 2;
}

export function outageBegins(now: number, failure: Failure, policy: RetryPolicy): Outage {
  return { since: now, tries: 0, keys: TRIED_KEYS, retryAt: now + waitMs(policy, 0), failure };
}

/** What a try has shown: undefined when handlers work again. */
export function afterTry(
  outage: Outage,
  trials: { readonly done: number; readonly failed: number },
  now: number,
  latest: { readonly failure: Failure; readonly policy: RetryPolicy } | undefined,
): Outage | undefined {
  if (latest === undefined || trials.failed === 0) return trials.done > 0 ? undefined : { ...outage, retryAt: now };
  if (trials.done >= trials.failed) return undefined;
  const tries = outage.tries + 1;
  // Some keys do well: more of them get through.
  const keys = trials.done > 0 ? 2 * outage.keys : TRIED_KEYS;
  return { ...outage, tries, keys, retryAt: now + waitMs(latest.policy, tries), failure: latest.failure };
}

function waitMs({ initialIntervalMs, backoff, maxIntervalMs }: RetryPolicy, tries: number): number {
  return Math.max(1, Math.min(initialIntervalMs * backoff ** tries, maxIntervalMs, MOST_WAIT_MS));
}
