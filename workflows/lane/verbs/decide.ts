/**
 * The verbs of an operator on a lane (O11), as pure functions.
 *
 * A verb acts on the event that it names or on nothing: with a position on that record, without one on the head that has
 * failed. If the handler of that event may be running, the work has to be stopped first. The caller stops it and judges
 * the verb again with the resulting state, in which the event may have been handled.
 */
import {
  notAPosition,
  formatPosition,
  parsePosition,
  samePosition,
  type Position,
} from '../../../contracts/event/position.ts';
import { DECISION_DATA_CHARS, type Decision, type VerbArgs } from '../../../contracts/lane/decision.ts';
import type { LaneOptions } from '../../../contracts/lane/options.ts';
import type { LanePhase } from '../../../contracts/lane/phase.ts';
import type { LaneState } from '../../../contracts/lane/state.ts';
import { dataText } from '../../../contracts/event/data-text.ts';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import type { VerbName } from '../../../contracts/names.ts';
import { readNewData } from '../../../contracts/event/new-data.ts';
import { rejection, type Rejection } from '../../../contracts/rejection.ts';
import { truncate } from '../../../lib/pure/text.ts';
import { keptDecisions } from '../../shared/kept-decisions.ts';
import { headFailure } from '../core/machine.ts';
import { isBeyond } from '../../shared/marks.ts';
import { move } from '../core/transitions.ts';

export interface Verb {
  readonly name: VerbName;
  readonly args: VerbArgs;
  /** Why its arguments are invalid; such a verb is refused. */
  readonly problem?: string;
}

export type Verdict =
  | { readonly kind: 'act' }
  | { readonly kind: 'stop first' }
  | { readonly kind: 'refuse'; readonly rejection: Rejection };

const ACT: Verdict = { kind: 'act' };
const STOP_FIRST: Verdict = { kind: 'stop first' };

function refuse(...rejected: Parameters<typeof rejection>): Verdict {
  return { kind: 'refuse', rejection: rejection(...rejected) };
}

/** Whether the verb can act on the lane in its current state. `working`: an activity of the lane is in flight. */
export function judge(lane: LaneState, verb: Verb, working: boolean): Verdict {
  const { state } = lane.phase;
  if (verb.problem !== undefined) return refuse('invalid-argument', verb.problem);
  if (verb.name === 'pause') {
    if (state === 'paused') return refuse('already-paused', 'the lane is already paused');
    return working ? STOP_FIRST : ACT;
  }
  if (verb.name === 'resume') {
    return state === 'paused' ? ACT : refuse('not-paused', `the lane is not paused, it is ${state}`, { state });
  }
  if (verb.name === 'replace' && readNewData(verb.args) === undefined) {
    return refuse('new-data-missing', 'replace needs new data: `data` (any JSON value), `text` or `base64`');
  }
  return judgeHeadVerb(lane, verb, working);
}

function judgeHeadVerb(lane: LaneState, verb: Verb, working: boolean): Verdict {
  const head = lane.queue[0];
  const named = verb.args.position === undefined ? undefined : parsePosition(verb.args.position);
  if (verb.args.position !== undefined && named === undefined) {
    const why = notAPosition(`"${verb.args.position}"`);
    return refuse('invalid-position', why, { position: verb.args.position });
  }
  if (named !== undefined && !isWithReach(lane, named)) return { kind: 'refuse', rejection: outOfReach(lane, named) };
  if (head === undefined) return refuse('no-event', 'the lane has no event');
  const failing = headFailure(lane.phase) !== undefined;
  if (!failing && (named === undefined || verb.name === 'retry')) {
    const { state } = lane.phase;
    return refuse('no-failed-event', `no event of the lane has failed, it is ${state}`, { state });
  }
  return working ? STOP_FIRST : ACT;
}

/**
 * Binds a verb without a position to the head that has failed, so that a delayed duplicate of the verb cannot act on the
 * next event.
 */
export function bind(lane: LaneState, verb: Verb): Verb {
  const head = lane.queue[0];
  const isBound = verb.name === 'pause' || verb.name === 'resume' || verb.args.position !== undefined;
  if (isBound || head === undefined || headFailure(lane.phase) === undefined) return verb;
  return { ...verb, args: { ...verb.args, position: formatPosition(head.position) } };
}

/** The named event is the head, or one of the batch in flight. */
function isWithReach(lane: LaneState, named: Position): boolean {
  const reach = lane.phase.state === 'running' ? lane.phase.count : 1;
  return lane.queue.slice(0, reach).some((event) => samePosition(event.position, named));
}

function outOfReach(lane: LaneState, named: Position): Rejection {
  const first = lane.queue[0];
  const head = first === undefined ? undefined : formatPosition(first.position);
  const at = head === undefined ? 'the lane is empty' : `the head is ${head}`;
  const position = formatPosition(named);
  const fields = { position, ...(head === undefined ? {} : { head }) };
  if (lane.queue.some((event) => samePosition(event.position, named))) {
    return rejection('record-not-current-yet', `${position} is not at the head yet: ${at}`, fields);
  }
  if (isBeyond(lane.marks, named)) {
    return rejection('record-unknown', `${position} has not arrived in this lane: ${at}`, fields);
  }
  const orWaits = lane.backlog === undefined ? '' : ', or is in the long backlog';
  return rejection('record-passed', `${position} has been passed${orWaits}: ${at}`, fields);
}

/** Carries out a verb that {@link judge} allows, on a lane with nothing in flight. */
export function act(lane: LaneState, verb: Verb, now: number, options: LaneOptions): LaneState {
  const after = apply(lane, verb, now);
  const head = lane.queue[0];
  const failure = headFailure(lane.phase)?.failure;
  const touchesHead = verb.name !== 'pause' && verb.name !== 'resume';
  const decision: Decision = {
    ...decisionBase(verb, now, lane, after.phase.state),
    outcome: 'done',
    ...(touchesHead && head !== undefined ? { position: formatPosition(head.position) } : {}),
    ...(touchesHead && failure !== undefined ? { failure } : {}),
    ...dataOf(verb, head, after.queue[0]),
  };
  return record(after, decision, options);
}

/** Records the refusal of a verb that came as a signal, which has no other response. */
export function refused(
  lane: LaneState,
  verb: Verb,
  { code, why }: Rejection,
  now: number,
  options: LaneOptions,
): LaneState {
  const { position } = verb.args;
  const named = position === undefined ? {} : { position };
  const base = decisionBase(verb, now, lane, lane.phase.state);
  return record(lane, { ...base, outcome: 'refused', why, code, ...named }, options);
}

function record(lane: LaneState, decision: Decision, options: LaneOptions): LaneState {
  return { ...lane, decisions: keptDecisions([...lane.decisions, decision], options.decisionsKept) };
}

function decisionBase(verb: Verb, now: number, lane: LaneState, stateAfter: LanePhase['state']) {
  const { by, reason } = verb.args;
  return {
    verb: verb.name,
    at: now,
    by: by ?? 'unknown',
    ...(reason === undefined ? {} : { reason }),
    stateBefore: lane.phase.state,
    stateAfter,
  };
}

function apply(lane: LaneState, verb: Verb, now: number): LaneState {
  const { phase } = lane;
  switch (verb.name) {
    case 'pause':
      return { ...lane, phase: move(phase, 'pause', pausedPhase(phase, verb, now)) };
    case 'resume':
      return { ...lane, phase: move(phase, 'resume', heldPhase(phase)) };
    case 'retry':
      return { ...lane, phase: move(phase, 'retry', anotherRound(phase)) };
    case 'skip': {
      const isolateNext = Math.max(0, lane.isolateNext - 1);
      return { ...lane, queue: lane.queue.slice(1), isolateNext, phase: move(phase, 'skip', withoutFailure(phase)) };
    }
    case 'replace': {
      const queue = [replacedHead(lane, verb.args), ...lane.queue.slice(1)];
      return { ...lane, queue, phase: move(phase, 'replace', withoutFailure(phase)) };
    }
  }
}

function pausedPhase(phase: LanePhase, verb: Verb, now: number): LanePhase {
  const { by, reason } = verb.args;
  return {
    state: 'paused',
    since: now,
    by: by ?? 'unknown',
    ...(reason === undefined ? {} : { reason }),
    ...(phase.state === 'retrying' || phase.state === 'blocked' ? { held: phase } : {}),
  };
}

function heldPhase(phase: LanePhase): LanePhase {
  return phase.state === 'paused' && phase.held !== undefined ? phase.held : { state: 'idle' };
}

/** The head gets another round of attempts; the count continues. */
function anotherRound(phase: LanePhase): LanePhase {
  const failing = headFailure(phase);
  if (failing === undefined) return phase;
  const { nextAttemptAt: _due, ...rest } = failing;
  const retrying = { ...rest, state: 'retrying', roundFrom: failing.attempts } as const;
  return phase.state === 'paused' ? { ...phase, held: retrying } : retrying;
}

function withoutFailure(phase: LanePhase): LanePhase {
  if (phase.state !== 'paused') return { state: 'idle' };
  const { held: _held, ...paused } = phase;
  return paused;
}

function replacedHead(lane: LaneState, args: VerbArgs): LaneEvent {
  const head = lane.queue[0];
  const given = readNewData(args);
  if (head === undefined || given === undefined || 'problem' in given) throw new Error('replace needs a head and data');
  return { ...head, ...given, replaced: (head.replaced ?? 0) + 1 };
}

function dataOf(verb: Verb, before: LaneEvent | undefined, after: LaneEvent | undefined) {
  if (before === undefined || (verb.name !== 'skip' && verb.name !== 'replace')) return {};
  const dataBefore = truncate(dataText(before.data), DECISION_DATA_CHARS);
  const claim = 'claim' in before.data ? { claimBefore: before.data.claim.name } : {};
  if (verb.name === 'skip' || after === undefined) return { dataBefore, ...claim };
  return { dataBefore, ...claim, dataAfter: truncate(dataText(after.data), DECISION_DATA_CHARS) };
}
