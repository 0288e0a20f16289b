/**
 * Decides whether handlers fail because of a dependency or because of the events of some keys, and how long a pool may hold
 * its keys back. Pure: the time is an argument.
 *
 * Three states:
 * - Normal. A key that fails leaves the pool at once, as long as most other keys succeed. If at least {@link MIN_FAILED} keys
 *   of a batch, or of the latest {@link REMEMBERED} keys that were tried, have failed, and more than half of them, the pool
 *   starts to hold its keys.
 * - Holding. Keys stay in the pool, and a few are probed at intervals: half of them fresh keys, which have not failed yet, half
 *   of them keys that have, each at the interval of its own retry policy. The hold ends
 *   - when handlers work again: at least half of the retried keys and of all probed keys succeed;
 *   - when the cause is the keys' own data: fresh keys succeed (at least a quarter of them) while no retried key does;
 *   - at its maximum duration, whatever the cause (see {@link Held}).
 * - Releasing, after a hold that ended in the second or third way. Keys that fail leave the pool, a few at a time, each after
 *   one more attempt if its policy has one, so that the rest succeeds in the pool if handlers work again. Other keys are
 *   treated as in the normal state. No new hold starts until most keys have succeeded for a while.
 *
 * The error alone does not show the cause: a broken producer gives all keys the same error, and so does a broken database. The
 * difference is whether events that have not been tried yet succeed while the failed ones do not. If nothing succeeds, the two
 * cannot be distinguished, and the maximum duration decides.
 */
import type { FailedEvent, Failure, RetryPolicy } from '../../../contracts/event/failure.ts';
import type { Held, Outage, ProbeCounts, Release } from '../../../contracts/pool/state.ts';

const REMEMBERED = 20;
const MIN_FAILED = 5;
/** Number of fresh keys in the first probe, and of keys that have failed. Each further probe has twice as many. */
const PROBED_FIRST = 4;
/** Maximum while no key succeeds. Once some do, only the size of a batch limits a probe. */
const MAX_PROBED = 32;
const MAX_WAIT_MS = 30_000;
/** From these counts on, the failures are attributed to the keys' own data. */
const OWN_DATA = { minFresh: 8, minFreshShare: 0.25, minRetried: 4 };
/** Counts of probes are halved beyond this, so that they reflect recent results. */
const COUNTED = 32;
/** A release is over this long after the last batch in which most keys failed. */
const CALM_MS = 60_000;

/** The result of one key that was tried. */
export type Trial = 'done' | 'failed';

/** The results of a batch. */
export interface Judged {
  readonly trials: readonly Trial[];
  /** Set if the batch was a probe. Other batches started before the hold and are not considered during it. */
  readonly probe?: ProbeCounts;
  /** The latest retryable failure. */
  readonly latest: FailedEvent | undefined;
}

export type Change =
  | { readonly to: 'holding'; readonly outage: Outage }
  | { readonly to: 'holding, half of the time is over'; readonly outage: Outage }
  | { readonly to: 'normal'; readonly since: number }
  | { readonly to: 'releasing'; readonly release: Release };

type State =
  | { readonly name: 'normal' }
  | { readonly name: 'holding'; readonly outage: Outage }
  | { readonly name: 'releasing'; readonly release: Release };

const NORMAL: State = { name: 'normal' };
const NOTHING_PROBED: ProbeCounts = { freshDone: 0, freshFailed: 0, retriedDone: 0, retriedFailed: 0 };

/** The part that is carried from run to run. */
export interface WatchState {
  readonly outage?: Outage;
  readonly release?: Release;
  readonly held?: Held;
}

/** Owns the state above, and how much time the pool has spent holding its keys. */
export class OutageWatch {
  readonly #maxHoldMs: number;
  readonly #trials = new Trials();
  #state: State;
  #held: Held;

  constructor({ outage, release, held }: WatchState, maxHoldMs: number) {
    this.#maxHoldMs = maxHoldMs;
    this.#held = held ?? { ms: 0, at: 0 };
    if (outage !== undefined) this.#state = { name: 'holding', outage };
    else this.#state = release === undefined ? NORMAL : { name: 'releasing', release };
  }

  get outage(): Outage | undefined {
    return this.#state.name === 'holding' ? this.#state.outage : undefined;
  }

  get release(): Release | undefined {
    return this.#state.name === 'releasing' ? this.#state.release : undefined;
  }

  get mode(): State['name'] {
    return this.#state.name;
  }

  /** The next time at which {@link tick} may change something. */
  get nextAt(): number {
    if (this.#state.name === 'holding') return this.#state.outage.holdUntil;
    return this.#state.name === 'releasing' ? this.#state.release.calmAt : Infinity;
  }

  toCarried(now: number): WatchState {
    const { outage, release } = this;
    const held = heldMs(this.#held, now) === 0 ? {} : { held: this.#held };
    return { ...(outage === undefined ? {} : { outage }), ...(release === undefined ? {} : { release }), ...held };
  }

  /** Applies the results of a batch. */
  judge(judged: Judged, now: number): readonly Change[] {
    switch (this.#state.name) {
      case 'normal': {
        const { latest, trials } = judged;
        return this.#trials.add(trials) && latest !== undefined ? this.#begin(latest, now) : [];
      }
      case 'holding':
        return judged.probe === undefined ? [] : this.#afterProbe(this.#state.outage, judged.probe, judged.latest, now);
      case 'releasing': {
        const { release } = this.#state;
        if (this.#trials.add(judged.trials)) {
          const failure = judged.latest?.failure ?? release.failure;
          this.#state = { name: 'releasing', release: { ...release, failure, calmAt: this.#calmAt(now) } };
          return [];
        }
        return this.tick(now);
      }
    }
  }

  /** Ends a state that has lasted long enough. */
  tick(now: number): readonly Change[] {
    if (this.#state.name === 'normal' || now < this.nextAt) return [];
    if (this.#state.name === 'holding') return this.#endHold(this.#state.outage, 'bound', now);
    const { since } = this.#state.release;
    this.#trials.forget();
    this.#state = NORMAL;
    return [{ to: 'normal', since }];
  }

  /** Sets the earliest time of the next probe. */
  postpone(retryAt: number): void {
    if (this.#state.name === 'holding') this.#hold({ ...this.#state.outage, retryAt });
  }

  #begin({ failure, policy }: FailedEvent, now: number): readonly Change[] {
    const left = this.#maxHoldMs - heldMs(this.#held, now);
    const outage: Outage = {
      since: now,
      tries: 0,
      fresh: PROBED_FIRST,
      retried: PROBED_FIRST,
      retryAt: now + probeWaitMs(policy, 0),
      failure: withoutStack(failure),
      policy,
      holdUntil: now + Math.max(0, left),
    };
    if (left <= 0) return this.#release(outage, 'bound', now);
    this.#hold(outage);
    return [{ to: 'holding', outage }];
  }

  #afterProbe(outage: Outage, probe: ProbeCounts, latest: FailedEvent | undefined, now: number): readonly Change[] {
    const { freshDone, freshFailed, retriedDone, retriedFailed } = probe;
    const [done, failed] = [freshDone + retriedDone, freshFailed + retriedFailed];
    const policy = latest?.policy ?? outage.policy;
    if (done + failed === 0) {
      // The probe was stopped or lost and has no result. The next one comes after the same wait, not at once.
      this.#hold({ ...outage, retryAt: now + probeWaitMs(policy, outage.tries) });
      return [];
    }
    if (done >= failed && retriedDone >= retriedFailed) {
      this.#spend(outage, now);
      this.#trials.forget();
      this.#state = NORMAL;
      return [{ to: 'normal', since: outage.since }];
    }
    const probes = added(outage.probes ?? NOTHING_PROBED, probe);
    if (isOwnData(probes, policy)) return this.#endHold(outage, 'own data', now);
    const tries = done > 0 ? 0 : outage.tries + 1;
    const failure = withoutStack(latest?.failure ?? outage.failure);
    const next = {
      ...outage,
      ...nextCounts(outage, probe),
      tries,
      retryAt: now + probeWaitMs(policy, tries),
      failure,
      policy,
      probes,
    };
    const isHalfOver = outage.warned !== true && now >= (outage.since + outage.holdUntil) / 2;
    this.#hold(isHalfOver ? { ...next, warned: true } : next);
    return isHalfOver ? [{ to: 'holding, half of the time is over', outage: next }] : [];
  }

  #endHold(outage: Outage, why: Release['why'], now: number): readonly Change[] {
    this.#spend(outage, now);
    return this.#release(outage, why, now);
  }

  #release({ since, failure }: Outage, why: Release['why'], now: number): readonly Change[] {
    const release: Release = { since, at: now, why, failure, calmAt: this.#calmAt(now) };
    this.#state = { name: 'releasing', release };
    return [{ to: 'releasing', release }];
  }

  #hold(outage: Outage): void {
    this.#state = { name: 'holding', outage };
  }

  #spend({ since }: Outage, now: number): void {
    const ms = heldMs(this.#held, since) + Math.max(0, now - since);
    this.#held = { ms: Math.min(ms, this.#maxHoldMs), at: now };
  }

  #calmAt(now: number): number {
    return now + Math.min(CALM_MS, this.#maxHoldMs);
  }
}

/** The latest trials of different keys. */
export class Trials {
  #latest: readonly Trial[] = [];

  /**
   * Adds the keys of a batch.
   * @returns whether most keys fail now
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
  return failed >= MIN_FAILED && failed > trials.length / 2;
}

/** The time spent holding that still counts; it decays at the rate at which it was spent. */
function heldMs({ ms, at }: Held, now: number): number {
  return Math.max(0, ms - Math.max(0, now - at));
}

function added(before: ProbeCounts, probe: ProbeCounts): ProbeCounts {
  // A failed key that succeeds shows that the failures of others may be temporary, too.
  if (probe.retriedDone > 0) return NOTHING_PROBED;
  const share = before.freshDone + before.freshFailed > COUNTED ? 0.5 : 1;
  return {
    freshDone: share * before.freshDone + probe.freshDone,
    freshFailed: share * before.freshFailed + probe.freshFailed,
    retriedDone: 0,
    retriedFailed: before.retriedFailed + probe.retriedFailed,
  };
}

/** Number of keys in the next probe. While only fresh keys succeed, the others do not spend more attempts than necessary. */
function nextCounts({ fresh, retried }: Outage, { freshDone, retriedDone }: ProbeCounts) {
  const more = (before = PROBED_FIRST, isDone: boolean) => {
    return isDone ? 2 * before : Math.max(PROBED_FIRST, Math.min(2 * before, MAX_PROBED));
  };
  const onlyFresh = freshDone > 0 && retriedDone === 0;
  return { fresh: more(fresh, freshDone > 0), retried: onlyFresh ? PROBED_FIRST : more(retried, retriedDone > 0) };
}

function isOwnData({ freshDone, freshFailed, retriedFailed }: ProbeCounts, { maxAttempts }: RetryPolicy): boolean {
  const { minFresh, minFreshShare, minRetried } = OWN_DATA;
  const fresh = freshDone + freshFailed;
  // With a policy of a single attempt there are no keys to retry.
  const isRetryVain = retriedFailed >= minRetried || maxAttempts <= 1;
  return isRetryVain && fresh >= minFresh && freshDone >= minFreshShare * fresh;
}

/** Wait between two probes: by the retry policy, with a maximum so that the end of an outage is noticed soon. */
function probeWaitMs(policy: RetryPolicy, tries: number): number {
  return Math.min(retryWaitMs(policy, tries), MAX_WAIT_MS);
}

/** The wait that a policy prescribes before the next attempt, after this many retries. */
export function retryWaitMs({ initialIntervalMs, backoff, maxIntervalMs }: RetryPolicy, retries: number): number {
  return Math.max(1, Math.min(initialIntervalMs * backoff ** retries, maxIntervalMs));
}

/** A pool carries this failure from run to run and publishes it in its memo. */
function withoutStack({ stack: _stack, ...failure }: Failure): Failure {
  return failure;
}
