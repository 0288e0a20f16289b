/** Shapes of what a pool holds, and of its options. */
import {
  count,
  list,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
  tagged,
  type Shape,
} from '../../lib/pure/shape.ts';
import { eventFields, eventLimits, failedEvent, failure, laneEvent, position, retryPolicy } from '../event/shapes.ts';
import { keyState, laneOptions } from '../lane/shapes.ts';
import { endedRun } from '../run-shapes.ts';
import type { PoolOptions } from './options.ts';
import type {
  FailingKey,
  Held,
  LaneStart,
  MovedKey,
  Outage,
  PoolEvent,
  PoolState,
  ProbeCounts,
  Release,
  WaitingKey,
} from './state.ts';

export const poolOptions: Shape<PoolOptions> = object<PoolOptions>({
  batch: eventLimits,
  eventsPerKey: count,
  batchesInFlight: count,
  slowAfterMs: number,
  full: eventLimits,
  signalsPerRun: count,
  maxHoldMs: number,
  leaseMarginMs: number,
  heartbeatTimeoutMs: number,
  lane: laneOptions,
});

export const poolEvent: Shape<PoolEvent> = object<PoolEvent>({ ...eventFields, key: string });

const waitingKey = object<WaitingKey>({
  key: string,
  events: list(laneEvent),
  losses: optional(count),
  attempts: optional(count),
  failing: optional(
    object<FailingKey>({ since: number, lastAt: number, failure: optional(count), leaves: optional(oneOf(true)) }),
  ),
});

const laneStart = tagged<LaneStart, 'kind'>('kind', {
  fresh: object<Extract<LaneStart, { readonly kind: 'fresh' }>>({
    kind: oneOf('fresh'),
    id: string,
    state: keyState,
    events: list(laneEvent),
  }),
  recovery: object<Extract<LaneStart, { readonly kind: 'recovery' }>>({
    kind: oneOf('recovery'),
    predecessor: endedRun,
  }),
});

const movedKey = object<MovedKey>({
  sent: count,
  start: optional(laneStart),
  events: optional(list(laneEvent)),
  deliveryUnknown: optional(oneOf(true)),
});

export const outage = object<Outage>({
  since: number,
  tries: count,
  retryAt: number,
  fresh: optional(count),
  retried: optional(count),
  failure,
  policy: retryPolicy,
  holdUntil: number,
  probes: optional(
    object<ProbeCounts>({ freshDone: count, freshFailed: count, retriedDone: count, retriedFailed: count }),
  ),
  warned: optional(oneOf(true)),
});

export const release = object<Release>({
  since: number,
  at: number,
  why: oneOf('bound', 'own data'),
  failure,
  calmAt: number,
});

export const poolState: Shape<PoolState> = object<PoolState>({
  waiting: list(waitingKey),
  moved: record(movedKey),
  marks: record(position),
  behindSince: record(number),
  remembersSince: number,
  outage: optional(outage),
  release: optional(release),
  held: optional(object<Held>({ ms: number, at: number })),
  failures: optional(list(failedEvent)),
  lost: optional(string),
  handled: count,
});
