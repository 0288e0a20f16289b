import { log, sleep } from '@temporalio/workflow';
import { DEFAULT_MAX_HOLD_MS } from '../../../contracts/pool/options.ts';
import type { Outage, Release } from '../../../contracts/pool/state.ts';
import type { PoolView } from '../../../contracts/pool/view.ts';
import type { Mode } from '../batch/outcomes.ts';
import { OutageWatch, type Change, type Judged, type WatchState } from './outage.ts';
import type { PoolMeter } from '../publish/meter.ts';

/** Keys that have not failed may come at any time, and be probed. */
const LOOK_AGAIN_MS = 30_000;

export interface OutageDetectorOptions {
  /** What an earlier run has left. */
  readonly carried: WatchState;
  readonly maxHoldMs: number | undefined;
  readonly meter: PoolMeter;
  /** Is called when the time has changed something. */
  readonly onInput: () => void;
}

/** Brings the time to {@link OutageWatch}, says when a probe is due, and writes into log and metrics what changes. */
export class OutageDetector {
  readonly #watch: OutageWatch;
  readonly #meter: PoolMeter;
  readonly #onInput: () => void;
  #isProbeDue = false;
  #isProbing = false;
  /** The time has changed the state, and the pool has not looked at it since. */
  #hasChanged = false;
  /** The release that the pool knows of, by its beginning. */
  #knownRelease: number | undefined;
  /** When the earliest timer fires that runs. */
  #timerAt = Infinity;

  constructor({ carried, maxHoldMs = DEFAULT_MAX_HOLD_MS, meter, onInput }: OutageDetectorOptions) {
    this.#watch = new OutageWatch(carried, maxHoldMs);
    this.#meter = meter;
    this.#onInput = onInput;
    this.#wait();
  }

  /** Set while keys are held in the pool. */
  get outage(): Outage | undefined {
    return this.#watch.outage;
  }

  get release(): Release | undefined {
    return this.#watch.release;
  }

  /** Of a view. */
  get fields(): Pick<PoolView, 'outage' | 'release'> {
    const { outage, release } = this;
    return { ...(outage === undefined ? {} : { outage }), ...(release === undefined ? {} : { release }) };
  }

  get isProbeDue(): boolean {
    return this.#isProbeDue;
  }

  get hasNews(): boolean {
    return this.#hasChanged;
  }

  seen(): void {
    this.#hasChanged = false;
  }

  /** Whether a hold has ended, and this was not asked since. */
  takeRelease(): boolean {
    const at = this.release?.at;
    const isNew = at !== undefined && at !== this.#knownRelease;
    this.#knownRelease = at;
    return isNew;
  }

  toCarried(): WatchState {
    return this.#watch.toCarried(Date.now());
  }

  /** The next one is planned when it has ended. */
  probeBegins(): void {
    this.#isProbeDue = false;
    this.#isProbing = true;
  }

  /** No key could be probed, and none can before this time. */
  postpone(retryAt: number): void {
    this.#isProbeDue = false;
    this.#watch.postpone(Math.min(retryAt, Date.now() + LOOK_AGAIN_MS));
    this.#wait();
  }

  /**
   * Takes in what a batch has shown.
   * @returns what keys that have failed are treated by
   */
  judge(judged: Judged): Mode {
    const wasHolding = this.outage !== undefined;
    if (judged.probe !== undefined || !wasHolding) {
      this.#isProbeDue = false;
      this.#isProbing = false;
    }
    this.#report(this.#watch.judge(judged, Date.now()));
    if (judged.latest !== undefined && (this.outage ?? this.release) !== undefined) this.#meter.outage();
    this.#wait();
    return this.#watch.mode;
  }

  /** Until the next probe is due, unless one is in flight or due already, or until the state may change by itself. */
  #wait(): void {
    const probeAt = this.#isProbing || this.#isProbeDue ? Infinity : (this.outage?.retryAt ?? Infinity);
    const at = Math.min(probeAt, this.#watch.nextAt);
    if (at >= this.#timerAt) return;
    this.#timerAt = at;
    void sleep(Math.max(1, at - Date.now())).then(() => this.#fired(at));
  }

  #fired(at: number): void {
    if (this.#timerAt === at) this.#timerAt = Infinity;
    const changes = this.#watch.tick(Date.now());
    this.#report(changes);
    this.#hasChanged ||= changes.length > 0;
    const { outage } = this;
    if (outage !== undefined && !this.#isProbing && outage.retryAt <= Date.now()) this.#isProbeDue = true;
    this.#wait();
    this.#onInput();
  }

  #report(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.to) {
        case 'holding':
          logHold(change.outage, 'Most keys fail. They stay in the pool, and a few are probed now and then');
          break;
        case 'holding, half of the time is over':
          logHold(change.outage, 'Most keys still fail, and half of the time for which the pool holds them is over');
          break;
        case 'releasing':
          this.#meter.released();
          logRelease(change.release);
          break;
        case 'normal':
          log.info('Most keys succeed again', { since: change.since });
      }
    }
  }
}

function logHold({ failure, holdUntil, since }: Outage, text: string): void {
  const until =
    holdUntil === undefined ? 'they move out' : `at ${new Date(holdUntil).toISOString()} they begin to move out`;
  log.warn(
    `${text}. Unless handlers work again, ${until} into lanes of their own, where each is blocked when its attempts are used up`,
    { failure, since },
  );
}

function logRelease({ failure, since, why }: Release): void {
  const text =
    why === 'own data'
      ? 'Keys that have not failed before succeed, and those that have failed do not: the failures belong to their own data'
      : 'Most keys still fail, and the pool has held them for as long as it may (`pools.maxHold`)';
  log.warn(
    `${text}. Keys that fail move out into lanes of their own, where each is blocked when its attempts are used up. ` +
      'When the cause is fixed: `keylane blocked`, then `keylane retry`',
    { failure, since },
  );
}
