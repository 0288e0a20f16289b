/** Shapes of what a quarantine holds, and of its options. */
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
import { eventData, eventLimits, newData, position, size } from '../event/shapes.ts';
import { segmentName, segmentRange } from '../lane/shapes.ts';
import {
  QUARANTINE_VERBS,
  type DecidedRecord,
  type QuarantineDecision,
  type QuarantineJob,
  type Selection,
} from './decision.ts';
import type { QuarantineLimits } from './options.ts';
import type { QuarantinedRecord } from './record.ts';
import type { QuarantineState, Redrive } from './state.ts';

export const quarantineOptions: Shape<QuarantineLimits> = object<QuarantineLimits>({
  segments: eventLimits,
  batch: count,
  leaseMarginMs: number,
  decisionsKept: count,
});

export const quarantinedRecord: Shape<QuarantinedRecord> = object<QuarantinedRecord>({
  position,
  arrivedAt: number,
  data: eventData,
  size,
  reason: string,
  partitionKey: optional(string),
  replaced: optional(count),
});

const selection = tagged<Selection, 'kind'>('kind', {
  all: object<Extract<Selection, { readonly kind: 'all' }>>({ kind: oneOf('all') }),
  matching: object<Extract<Selection, { readonly kind: 'matching' }>>({ kind: oneOf('matching'), text: string }),
  positions: object<Extract<Selection, { readonly kind: 'positions' }>>({
    kind: oneOf('positions'),
    positions: list(string),
  }),
});

const decidedRecord = object<DecidedRecord>({
  position: string,
  reason: string,
  key: optional(string),
  dataBefore: string,
  dataAfter: optional(string),
  claimBefore: optional(string),
});

export const quarantineDecision = object<QuarantineDecision>({
  id: string,
  verb: oneOf(...QUARANTINE_VERBS),
  outcome: oneOf('going on', 'done', 'refused'),
  why: optional(string),
  code: optional(string),
  at: number,
  by: string,
  reason: optional(string),
  target: string,
  decided: count,
  kept: count,
  records: list(decidedRecord),
  firstKept: optional(object<NonNullable<QuarantineDecision['firstKept']>>({ position: string, reason: string })),
});

const job = object<QuarantineJob>({
  selection,
  data: optional(newData),
  size: optional(size),
  left: optional(list(segmentRange)),
  from: count,
  decision: quarantineDecision,
});

const redrive = object<Redrive>({
  segment: segmentName,
  undecided: count,
  entries: list(object<Redrive['entries'][number]>({ index: count, key: string })),
  first: count,
});

export const quarantineState: Shape<QuarantineState> = object<QuarantineState>({
  records: list(quarantinedRecord),
  segments: list(segmentRange),
  latestSegment: optional(segmentName),
  held: count,
  unacknowledged: record(list(count)),
  marks: record(position),
  behindSince: record(number),
  remembersSince: number,
  jobs: list(job),
  redrive: optional(redrive),
  lastRedriven: count,
  decisions: list(quarantineDecision),
  lost: optional(string),
});
