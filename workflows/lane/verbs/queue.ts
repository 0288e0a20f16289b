import { CancellationScope, condition } from '@temporalio/workflow';
import type { Decision } from '../../../contracts/lane/decision.ts';
import type { LaneOptions } from '../../../contracts/lane/options.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { rejection } from '../../../contracts/rejection.ts';
import { act, bind, judge, refused, type Verb } from './decide.ts';

/** A verb acts when the work has stopped, so no operator should ever see this. */
const STILL_WORKING = rejection('decision-in-progress', 'the work in flight has not stopped: try again');

export interface PendingVerb {
  readonly verb: Verb;
  /** Set when the verb has acted or was refused. */
  answer: Decision | undefined;
}

/** Owns the verbs that wait for their turn. They act in the order in which they arrived (O11). */
export class VerbQueue {
  readonly #options: LaneOptions;
  readonly #verbs: PendingVerb[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#verbs.length === 0;
  }

  add(lane: LaneState, verb: Verb): PendingVerb {
    const pending: PendingVerb = { verb: bind(lane, verb), answer: undefined };
    this.#verbs.push(pending);
    return pending;
  }

  /** Whether the work in flight has to be stopped before the first verb can act. */
  mustStop(lane: LaneState): boolean {
    const [first] = this.#verbs;
    return first !== undefined && judge(lane, first.verb, true).kind === 'stop first';
  }

  /** The lane after the first verb has acted or was refused; its sender is answered. */
  act(lane: LaneState): LaneState {
    const [first] = this.#verbs;
    if (first === undefined) return lane;
    const verdict = judge(lane, first.verb, false);
    const after =
      verdict.kind === 'act'
        ? act(lane, first.verb, Date.now(), this.#options)
        : refused(
            lane,
            first.verb,
            verdict.kind === 'refuse' ? verdict.rejection : STILL_WORKING,
            Date.now(),
            this.#options,
          );
    first.answer = after.decisions.at(-1);
    this.#verbs.shift();
    return after;
  }
}

/** Resolves when the verb has its answer. Canceling the workflow does not keep the answer back. */
export async function answerTo(pending: () => PendingVerb | undefined): Promise<Decision> {
  await CancellationScope.nonCancellable(() => condition(() => pending()?.answer !== undefined));
  return pending()?.answer as Decision;
}
