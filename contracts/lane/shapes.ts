/** Shapes of what a lane holds, and of its options. */
import {
  boolean,
  count,
  list,
  nonEmptyList,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
  tagged,
  type Shape,
} from '../../lib/pure/shape.ts';
import { eventLimits, failure, laneEvent, position, retryPolicy } from '../event/shapes.ts';
import { VERBS } from '../names.ts';
import type { Backlog, SegmentName, SegmentRange, SliceAnswer } from './backlog.ts';
import type { Decision } from './decision.ts';
import type { KeyState } from './key-state.ts';
import type { HandlerOptions, LaneOptions } from './options.ts';
import type { HeadFailure, LanePhase, LaneStateName } from './phase.ts';
import type { LaneState } from './state.ts';

export const laneOptions: Shape<LaneOptions> = object<LaneOptions>({
  handler: object<HandlerOptions>({ kind: oneOf('function') }),
  retry: retryPolicy,
  maxBatchEvents: count,
  maxBatchBytes: count,
  idleMs: number,
  leaseMarginMs: number,
  signalsPerRun: count,
  heartbeatTimeoutMs: number,
  decisionsKept: count,
  segments: eventLimits,
});

export const segmentName: Shape<SegmentName> = object<SegmentName>({ epoch: string, number: count });

export const segmentRange: Shape<SegmentRange> = object<SegmentRange>({ epoch: string, first: count, last: count });

const backlog = object<Backlog>({
  segments: list(segmentRange),
  taken: count,
  events: count,
  bytes: number,
  tail: list(laneEvent),
});

const headFailure = {
  failure,
  policy: retryPolicy,
  since: number,
  attempts: count,
  roundFrom: count,
  losses: optional(count),
  nextAttemptAt: optional(number),
} as const;

type Failed<State extends string> = { readonly state: State } & HeadFailure;

const retrying = object<Failed<'retrying'>>({ state: oneOf('retrying'), ...headFailure });
const blocked = object<Failed<'blocked'>>({ state: oneOf('blocked'), ...headFailure });

export const phase = tagged<LanePhase, 'state'>('state', {
  idle: object<{ readonly state: 'idle' }>({ state: oneOf('idle') }),
  running: object<Extract<LanePhase, { readonly state: 'running' }>>({ state: oneOf('running'), count }),
  retrying,
  blocked,
  paused: object<Extract<LanePhase, { readonly state: 'paused' }>>({
    state: oneOf('paused'),
    since: number,
    by: string,
    reason: optional(string),
    held: optional(object<Failed<'retrying' | 'blocked'>>({ state: oneOf('retrying', 'blocked'), ...headFailure })),
  }),
});

const stateName: Shape<LaneStateName> = oneOf('idle', 'running', 'retrying', 'blocked', 'paused');

export const laneDecision: Shape<Decision> = object<Decision>({
  verb: oneOf(...VERBS),
  outcome: oneOf('done', 'refused'),
  why: optional(string),
  code: optional(string),
  at: number,
  by: string,
  reason: optional(string),
  position: optional(string),
  stateBefore: stateName,
  stateAfter: stateName,
  failure: optional(failure),
  dataBefore: optional(string),
  dataAfter: optional(string),
  claimBefore: optional(string),
});

const keyFields = { phase, decisions: list(laneDecision) } as const;

export const keyState: Shape<KeyState> = object<KeyState>(keyFields);

export const laneState: Shape<LaneState> = object<LaneState>({
  ...keyFields,
  queue: list(laneEvent),
  backlog: optional(backlog),
  lost: optional(string),
  claimsToDelete: optional(list(string)),
  marks: record(position),
  behindSince: record(number),
  remembersSince: number,
  handled: count,
  isolateNext: count,
  losses: optional(object<NonNullable<LaneState['losses']>>({ position: string, count })),
});

export const sliceAnswer: Shape<SliceAnswer> = object<SliceAnswer>({ events: nonEmptyList(laneEvent), last: boolean });
