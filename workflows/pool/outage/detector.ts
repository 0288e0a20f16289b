import { log, sleep } from '@temporalio/workflow';
import type { Outage, Release } from '../../../contracts/pool/state.ts';
import type { PoolView } from '../../../contracts/pool/view.ts';
import type { Mode } from '../batch/outcomes.ts';
import { OutageWatch, type Change, type Judged, type WatchState } from './outage.ts';
import type { PoolMeter } from '../publish/meter.ts';

/** New keys, which can be probed, may arrive at any time. */
const LOOK_AGAIN_MS = 30_000;

export interface OutageDetectorOptions {
  /** State carried from the previous run. */
  readonly carried: WatchState;
  readonly maxHoldMs: number;
  readonly meter: PoolMeter;
  /** Called when a timer has changed the state. */
  readonly onInput: () => void;
}

/** Drives {@link OutageWatch} with timers, says when a probe is due, and reports changes in the log and in metrics. */
export class OutageDetector {
  readonly #watch: OutageWatch;
  readonly #meter: PoolMeter;
  readonly #onInput: () => void;
  #isProbeDue = false;
  #isProbing = false;
  /** A timer has changed the state, and the pool has not read it since. */
  #hasChanged = false;
  /** Time of the last release that the pool has been given. */
  #knownRelease: number | undefined;
  /** Due time of the earliest running timer. */
  #timerAt = Infinity;

  constructor({ carried, maxHoldMs, meter, onInput }: OutageDetectorOptions) {
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

  /** The fields of the pool's view. */
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

  /** Whether a hold has ended since the last call. */
  takeRelease(): boolean {
    const at = this.release?.at;
    const isNew = at !== undefined && at !== this.#knownRelease;
    this.#knownRelease = at;
    return isNew;
  }

  toCarried(): WatchState {
    return this.#watch.toCarried(Date.now());
  }

  /** A probe has started. The next one is scheduled when it has ended. */
  probeBegins(): void {
    this.#isProbeDue = false;
    this.#isProbing = true;
  }

  /** No key can be probed before this time. */
  postpone(retryAt: number): void {
    this.#isProbeDue = false;
    this.#watch.postpone(Math.min(retryAt, Date.now() + LOOK_AGAIN_MS));
    this.#wait();
  }

  /**
   * Applies the results of a batch.
   * @returns how failed keys are to be treated
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

  /** Sets a timer for the next probe, unless one is due or in flight, and for the next change of state by time. */
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
          logHold(change.outage, 'Outage detected: most keys are failing. Keys stay in the pool, and a few are probed');
          break;
        case 'holding, half of the time is over':
          logHold(
            change.outage,
            'Most keys still fail, and half of the maximum hold time (`pools.maxHold`) has passed',
          );
          break;
        case 'releasing':
          this.#meter.released();
          logRelease(change.release);
          break;
        case 'normal':
          log.info('Outage over: most keys succeed again', { since: change.since });
      }
    }
  }
}

function logHold({ failure, holdUntil, since }: Outage, text: string): void {
  const until = `from ${new Date(holdUntil).toISOString()} on they move`;
  log.warn(
    `${text}. Unless handlers work again, ${until} to their own lanes, where each key is blocked when its attempts are used up`,
    { failure, since },
  );
}

function logRelease({ failure, since, why }: Release): void {
  const text =
    why === 'own data'
      ? 'Keys that have not failed before succeed, and keys that have failed do not: their own data is the cause'
      : 'Most keys still fail, and the maximum hold time (`pools.maxHold`) has passed';
  log.warn(
    `${text}. Keys that fail move to their own lanes, where each key is blocked when its attempts are used up. ` +
      'Once the cause is fixed: `keylane blocked`, then `keylane retry`',
    { failure, since },
  );
}
