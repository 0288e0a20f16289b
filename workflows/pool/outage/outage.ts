/**
 * Whether handlers fail because of what they depend on, or because of the events of some keys; and for how long a pool may
 * hold its keys back for that. Pure: it is given the time.
 *
 * Three states:
 * - Normal. A key that fails leaves the pool at once, as long as most others succeed. When at least {@link MIN_FAILED} keys of a
 *   batch have failed, or of the latest {@link REMEMBERED} that were tried, and more of them than not, the pool begins to hold.
 * - Holding. Keys stay in the pool, and a few are probed now and then: half of them fresh ones, which have not failed yet, half of
 *   them ones that have, each at the interval of its own retry policy. The hold ends
 *   - when handlers work again: of the keys that are retried at least half succeed, and of all of them too;
 *   - when the failures belong to the keys' own data: fresh keys succeed (at least a quarter of them) while no retried key does;
 *   - at its bound, whatever the cause (see {@link Held}).
 * - Releasing, after the second and the third. Keys that fail leave the pool, each after one more attempt if its policy has one and
 *   a few at a time, so that those left succeed in the pool when handlers work again. Others go on as in the normal state. No hold
 *   begins again until most keys have succeeded for a while.
 *
 * A cause that many keys share tells nothing: a broken producer gives all of them the same error, as a broken database does. What
 * tells them apart is whether events that were not tried yet succeed while the failed ones do not. When nothing succeeds the two
 * cannot be told apart, and the bound decides.
 */
import type { FailedEvent, Failure, RetryPolicy } from '../../../contracts/event/failure.ts';
import type { Held, Outage, ProbeCounts, Release } from '../../../contracts/pool/state.ts';

const REMEMBERED = 20;
const MIN_FAILED = 5;
/** Fresh keys of the first probe, and as many that have failed. Each further probe takes twice as many. */
const PROBED_FIRST = 4;
/** While none of them succeeds. When some do there is no limit but that of a batch. */
const MAX_PROBED = 32;
const MAX_WAIT_MS = 30_000;
/** By which the failures are known to belong to the keys' own data. */
const OWN_DATA = { minFresh: 8, minFreshShare: 0.25, minRetried: 4 };
/** Counts of probes are halved beyond this, so that they follow what has changed. */
const COUNTED = 32;
/** So long after the last batch in which most keys failed, a release is over. */
const CALM_MS = 60_000;
/** Where the retry policy is not known. */
const FALLBACK_POLICY: RetryPolicy = { maxAttempts: 10, initialIntervalMs: 1000, backoff: 2, maxIntervalMs: 60_000 };

/** What became of a key that was tried. */
export type Trial = 'done' | 'failed';

/** What a batch has shown. */
export interface Judged {
  readonly trials: readonly Trial[];
  /** Set when the batch was a probe. Other batches began before the hold, and say nothing about how it goes on. */
  readonly probe?: ProbeCounts;
  /** The latest failure that may be retried. */
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

/** What of it outlives a run. */
export interface WatchState {
  readonly outage?: Outage;
  readonly release?: Release;
  readonly held?: Held;
}

/** Owns the state above, and how much time the pool has spent holding. */
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

  /** When {@link tick} may have something to do. */
  get nextAt(): number {
    if (this.#state.name === 'holding') return this.#holdUntil(this.#state.outage);
    return this.#state.name === 'releasing' ? this.#state.release.calmAt : Infinity;
  }

  toCarried(now: number): WatchState {
    const { outage, release } = this;
    const held = heldMs(this.#held, now) === 0 ? {} : { held: this.#held };
    return { ...(outage === undefined ? {} : { outage }), ...(release === undefined ? {} : { release }), ...held };
  }

  /** Takes in what a batch has shown. */
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

  /** Looks whether a state has lasted long enough. */
  tick(now: number): readonly Change[] {
    if (this.#state.name === 'normal' || now < this.nextAt) return [];
    if (this.#state.name === 'holding') return this.#endHold(this.#state.outage, 'bound', now);
    const { since } = this.#state.release;
    this.#trials.forget();
    this.#state = NORMAL;
    return [{ to: 'normal', since }];
  }

  /** No key may be probed before this. */
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
    const policy = latest?.policy ?? outage.policy ?? FALLBACK_POLICY;
    if (done + failed === 0) {
      // It was stopped or lost, and says nothing: the next one comes after the same wait, not at once.
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
    const isHalfOver = outage.warned !== true && now >= (outage.since + this.#holdUntil(outage)) / 2;
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

  /** One of an earlier version has no end. */
  #holdUntil({ holdUntil, since }: Outage): number {
    return holdUntil ?? since + this.#maxHoldMs;
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
  return failed >= MIN_FAILED && failed > trials.length / 2;
}

/** Time spent holding that still counts: it wears off as fast as it was spent. */
function heldMs({ ms, at }: Held, now: number): number {
  return Math.max(0, ms - Math.max(0, now - at));
}

function added(before: ProbeCounts, probe: ProbeCounts): ProbeCounts {
  // A failed key that succeeds shows that the failures of others may pass too.
  if (probe.retriedDone > 0) return NOTHING_PROBED;
  const share = before.freshDone + before.freshFailed > COUNTED ? 0.5 : 1;
  return {
    freshDone: share * before.freshDone + probe.freshDone,
    freshFailed: share * before.freshFailed + probe.freshFailed,
    retriedDone: 0,
    retriedFailed: before.retriedFailed + probe.retriedFailed,
  };
}

/** How many keys the next probe takes. While fresh keys alone succeed, the others keep their attempts. */
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
  // A policy without a second attempt leaves nothing to retry.
  const isRetryVain = retriedFailed >= minRetried || maxAttempts <= 1;
  return isRetryVain && fresh >= minFresh && freshDone >= minFreshShare * fresh;
}

/** Between two probes: as the policy says, but never so long that an end is noticed late. */
function probeWaitMs(policy: RetryPolicy, tries: number): number {
  return Math.min(retryWaitMs(policy, tries), MAX_WAIT_MS);
}

/** The wait of a policy before another attempt, after so many retries. */
export function retryWaitMs({ initialIntervalMs, backoff, maxIntervalMs }: RetryPolicy, retries: number): number {
  return Math.max(1, Math.min(initialIntervalMs * backoff ** retries, maxIntervalMs));
}

/** A pool carries one of these from run to run, in its memo too. */
function withoutStack({ stack: _stack, ...failure }: Failure): Failure {
  return failure;
}
