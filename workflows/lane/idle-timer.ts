import { sleep } from '@temporalio/workflow';
import type { LaneInput } from '../../contracts/lane/messages.ts';

/** How often a lane that was canceled looks whether it may end. */
const DRAINED_MS = 5000;
/** How often a lane tries to return its key to a pool that cannot be told. */
const RETURN_RETRY_MS = 30_000;

/**
 * Says when a lane has been idle for long enough. One timer is set at a time, and looked at when it fires: work that comes
 * meanwhile costs no other one in the history.
 *
 * Owns the timer, and when the lane last had something to do.
 */
export class IdleTimer {
  readonly #onInput: () => void;
  readonly #isPooled: boolean;
  #idleMs: number;
  #state: 'none' | 'set' | 'fired' = 'none';
  #timers = 0;
  #lastChange = Date.now();

  /** @param onInput is called when it fires */
  constructor({ options, pool }: LaneInput, onInput: () => void) {
    this.#isPooled = pool !== undefined;
    this.#idleMs = this.#isPooled ? RETURN_RETRY_MS : options.idleMs;
    this.#onInput = onInput;
  }

  get isSet(): boolean {
    return this.#state === 'set';
  }

  get hasFired(): boolean {
    return this.#state === 'fired';
  }

  /** Whether it could be long enough by now, had the timer fired. */
  get isOver(): boolean {
    return Date.now() - this.#lastChange >= this.#idleMs;
  }

  /** The lane had something to do just now. */
  touch(): void {
    this.#lastChange = Date.now();
  }

  /** The lane has nothing to do. Does nothing while the timer runs. */
  set(): void {
    if (this.#state !== 'none') return;
    this.#state = 'set';
    this.#timers += 1;
    const timer = this.#timers;
    void sleep(Math.max(1, this.#lastChange + this.#idleMs - Date.now())).then(() => {
      // Not when the lane was drained meanwhile.
      if (this.isSet && timer === this.#timers) this.#fire();
    });
  }

  /** From now on the lane ends as soon as it may. One that a pool has started always does. */
  drain(): void {
    if (!this.#isPooled) this.#idleMs = Math.min(DRAINED_MS, this.#idleMs);
    if (this.isSet) this.#fire();
  }

  /** Whether it has fired. That is over then, and it may be set again. */
  take(): boolean {
    const { hasFired } = this;
    if (hasFired) this.#state = 'none';
    return hasFired;
  }

  #fire(): void {
    this.#state = 'fired';
    this.#onInput();
  }
}
