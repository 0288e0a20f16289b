import type { LanePhase, LaneStateName } from '../../../contracts/lane/phase.ts';
import type { VerbName } from '../../../contracts/names.ts';

export type LaneInputName =
  'accept' | 'batchStarted' | 'batchEnded' | 'eventSucceeded' | 'eventFailed' | 'eventStopped' | 'loss' | VerbName;

/**
 * Every change of state that a lane may make: state, input, and the possible next states. An input without a row is
 * impossible in that state; a verb is then refused, or the work in flight is stopped first.
 */
export const TRANSITIONS: Readonly<
  Record<LaneStateName, Partial<Readonly<Record<LaneInputName, readonly LaneStateName[]>>>>
> = {
  idle: {
    accept: ['idle'],
    batchStarted: ['running'],
    loss: ['blocked'],
    skip: ['idle'],
    replace: ['idle'],
    pause: ['paused'],
  },
  running: {
    accept: ['running'],
    batchEnded: ['idle', 'retrying', 'blocked'],
  },
  retrying: {
    accept: ['retrying'],
    eventSucceeded: ['idle'],
    eventFailed: ['blocked'],
    eventStopped: ['retrying'],
    retry: ['retrying'],
    skip: ['idle'],
    replace: ['idle'],
    pause: ['paused'],
  },
  blocked: {
    accept: ['blocked'],
    retry: ['retrying'],
    skip: ['idle'],
    replace: ['idle'],
    pause: ['paused'],
  },
  paused: {
    accept: ['paused'],
    retry: ['paused'],
    skip: ['paused'],
    replace: ['paused'],
    resume: ['idle', 'retrying', 'blocked'],
  },
};

/** Thrown when a host applies an input that is impossible: a bug, which must stop the lane rather than break its order. */
export class ImpossibleTransitionError extends Error {
  override readonly name = 'ImpossibleTransitionError';
  readonly from: LaneStateName;
  readonly input: LaneInputName;
  readonly to: LaneStateName;

  constructor(from: LaneStateName, input: LaneInputName, to: LaneStateName) {
    super(`A lane that is ${from} cannot become ${to} by ${input}`);
    this.from = from;
    this.input = input;
    this.to = to;
  }
}

/** Returns `to` if the table allows this change of state. */
export function move(from: LanePhase, input: LaneInputName, to: LanePhase): LanePhase {
  if (TRANSITIONS[from.state][input]?.includes(to.state) !== true) {
    throw new ImpossibleTransitionError(from.state, input, to.state);
  }
  return to;
}
