/**
 * Verbs for keys of a pool (O11). A key that is decided on gets a lane of its own, which keeps the decision.
 *
 * Owns the verbs that were accepted and have not acted: those of keys in a batch wait until the batch gives the key back. Knows
 * nothing of Temporal.
 */
import type { Decision } from '../../contracts/lane/decision.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import { act, bind, judge, refused, type Verb } from '../lane/verbs/decide.ts';

interface PendingVerb {
  readonly verb: Verb;
  /** Set when it has acted or was refused. */
  answer?: Decision;
}

export class Verbs {
  readonly #options: LaneOptions;
  /** By key: one at a time. */
  readonly #pending = new Map<string, PendingVerb>();

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  has(key: string): boolean {
    return this.#pending.has(key);
  }

  keys(): IterableIterator<string> {
    return this.#pending.keys();
  }

  /** @param lane the key as it is now */
  add(key: string, verb: Verb, lane: LaneState): PendingVerb {
    const pending: PendingVerb = { verb: bind(lane, verb) };
    this.#pending.set(key, pending);
    return pending;
  }

  /**
   * Carries out the verb of a key that is in no batch.
   * @returns the lane with which the key moves out; undefined when it stays, since its verb was refused or there is none
   */
  act(key: string, lane: LaneState, now: number): LaneState | undefined {
    const pending = this.#pending.get(key);
    if (pending === undefined) return undefined;
    this.#pending.delete(key);
    const { verb } = pending;
    const why = objectionTo(verb, lane, false);
    if (why !== undefined) {
      pending.answer = refusalOf(lane, verb, why, now, this.#options);
      return undefined;
    }
    const after = act(lane, verb, now, this.#options);
    pending.answer = after.decisions.at(-1) as Decision;
    return after;
  }
}

/** Not kept: the key stays in its pool, and only whoever asked hears of it. */
export function refusalOf(lane: LaneState, verb: Verb, why: string, now: number, options: LaneOptions): Decision {
  return refused(lane, verb, why, now, options).decisions.at(-1) as Decision;
}

/** Why a verb can do nothing for a key as it is now; undefined when it can, or that is not known before its batch ends. */
export function objectionTo(verb: Verb, lane: LaneState, isInBatch: boolean): string | undefined {
  const verdict = judge(lane, verb, isInBatch);
  if (verdict.kind !== 'refuse') return undefined;
  const isHealthy = lane.phase.state === 'idle' && verb.args.position === undefined && verb.problem === undefined;
  return isHealthy ? 'the key is healthy, in its pool' : verdict.why;
}
