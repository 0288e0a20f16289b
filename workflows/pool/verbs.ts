/**
 * Verbs for keys of a pool (O11). A key that a verb acts on gets its own lane, which keeps the decision.
 *
 * Owns the verbs that were accepted and not yet carried out: the verb for a key in a batch waits until the batch has ended.
 * Knows nothing of Temporal.
 */
import type { Decision } from '../../contracts/lane/decision.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import { rejection, type Rejection } from '../../contracts/rejection.ts';
import { act, bind, judge, refused, type Verb } from '../lane/verbs/decide.ts';

interface PendingVerb {
  readonly verb: Verb;
  /** Set when it was carried out or refused. */
  answer?: Decision;
}

export class Verbs {
  readonly #options: LaneOptions;
  /** At most one per key. */
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

  /** @param lane the current state of the key */
  add(key: string, verb: Verb, lane: LaneState): PendingVerb {
    const pending: PendingVerb = { verb: bind(lane, verb) };
    this.#pending.set(key, pending);
    return pending;
  }

  /**
   * Carries out the verb of a key that is in no batch.
   * @returns the lane state with which the key moves out; undefined if it stays because its verb was refused or it has none
   */
  act(key: string, lane: LaneState, now: number): LaneState | undefined {
    const pending = this.#pending.get(key);
    if (pending === undefined) return undefined;
    this.#pending.delete(key);
    const { verb } = pending;
    const rejected = objectionTo(verb, lane, false);
    if (rejected !== undefined) {
      pending.answer = rejectedDecision(lane, verb, rejected, now, this.#options);
      return undefined;
    }
    const after = act(lane, verb, now, this.#options);
    pending.answer = after.decisions.at(-1) as Decision;
    return after;
  }
}

/** A refusal that is not recorded: the key stays in its pool, and only the caller is informed. */
export function rejectedDecision(
  lane: LaneState,
  verb: Verb,
  rejected: Rejection,
  now: number,
  options: LaneOptions,
): Decision {
  return refused(lane, verb, rejected, now, options).decisions.at(-1) as Decision;
}

/** Why a verb cannot act on a key in its current state; undefined if it can, or if that is unknown until its batch ends. */
export function objectionTo(verb: Verb, lane: LaneState, isInBatch: boolean): Rejection | undefined {
  const verdict = judge(lane, verb, isInBatch);
  if (verdict.kind !== 'refuse') return undefined;
  const isHealthy = lane.phase.state === 'idle' && verb.args.position === undefined && verb.problem === undefined;
  return isHealthy ? rejection('key-healthy', 'the key is healthy, in its pool') : verdict.rejection;
}
