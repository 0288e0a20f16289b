/**
 * Gives the key of a lane back to the pool that has started the lane.
 *
 * Owns whether the pool is being told so just now, and a pause that comes too late for the lane: the pool gets it.
 */
import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { VerbArgs } from '../../contracts/lane/decision.ts';
import { SIGNALS } from '../../contracts/names.ts';
import { FORWARDED_MARK, type FinishedSignal, type PauseSignal } from '../../contracts/pool/messages.ts';

export class PoolReturn {
  readonly #pool: string;
  readonly #key: string;
  #isUnderWay = false;
  #pause: VerbArgs | undefined;

  /** @param pool its workflow id */
  constructor(pool: string, key: string) {
    this.#pool = pool;
    this.#key = key;
  }

  /** The pool is being told that the key is its own again: it may start events of the key at any moment. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** A pause came as a signal, to which there is no answer. */
  pause(args: VerbArgs): void {
    this.#pause = args;
  }

  /**
   * Tells the pool that the lane has finished all that it was given. The lane ends then, unless more was forwarded just then:
   * see M2 in workflows/pool/moved/moved-keys.ts.
   * @returns false when the pool cannot be told now
   */
  async giveBack(lane: LaneState): Promise<boolean> {
    this.#isUnderWay = true;
    const isBack = await this.#finished(lane);
    if (isBack && this.#pause !== undefined) await this.#passOn(this.#pause);
    this.#pause = undefined;
    this.#isUnderWay = false;
    return isBack;
  }

  async #finished(lane: LaneState): Promise<boolean> {
    const through = Number(lane.marks[FORWARDED_MARK]?.sequenceNumber ?? 0);
    try {
      const handle = getExternalWorkflowHandle(this.#pool);
      await handle.signal<[FinishedSignal]>(SIGNALS.finished, { key: this.#key, through });
      return true;
    } catch (error) {
      log.warn('Could not return the key to its pool; retrying', { error });
      return false;
    }
  }

  async #passOn(args: VerbArgs): Promise<void> {
    try {
      await getExternalWorkflowHandle(this.#pool).signal<[PauseSignal]>('pause', { ...args, key: this.#key });
    } catch (error) {
      log.error('Lost a pause: it arrived while the key was returned to its pool, which could not be signaled', {
        error,
        args,
      });
    }
  }
}
