/** One parser for each message that comes to a quarantine or to one of its segments. */
import {
  boolean,
  count,
  list,
  number,
  object,
  optional,
  parse,
  parseOrThrow,
  string,
  type Parsed,
  type Shape,
} from '../../lib/pure/shape.ts';
import { segmentRange } from '../lane/shapes.ts';
import { endedRun, recoveryFields } from '../run-shapes.ts';
import { parseVersioned, version } from '../version.ts';
import type { DecidedSignal, QuarantineInput, QuarantineSegmentInput, QuarantineSignal } from './messages.ts';
import { quarantineDecision, quarantinedRecord, quarantineOptions, quarantineState } from './shapes.ts';
import type { QuarantineView } from './view.ts';

const records: Shape<QuarantineSignal> = object<QuarantineSignal>({
  leaseUntil: number,
  records: list(quarantinedRecord),
});

export function parseQuarantineRecords(value: unknown): Parsed<QuarantineSignal> {
  return parse(records, value);
}

const decided: Shape<DecidedSignal> = object<DecidedSignal>({ indexes: list(count) });

export function parseDecided(value: unknown): Parsed<DecidedSignal> {
  return parse(decided, value);
}

const quarantineInput: Shape<QuarantineInput> = object<QuarantineInput>({
  version,
  pipeline: string,
  signalsPerRun: count,
  limits: quarantineOptions,
  carried: optional(quarantineState),
  ...recoveryFields,
});

/** @throws {UnknownVersionError | InvalidValueError} */
export function parseQuarantineInput(value: unknown): QuarantineInput {
  return parseVersioned(quarantineInput, value, 'The argument of this quarantine');
}

const segmentInput: Shape<QuarantineSegmentInput> = object<QuarantineSegmentInput>({
  version,
  pipeline: string,
  records: list(quarantinedRecord),
});

/** @throws {UnknownVersionError | InvalidValueError} */
export function parseQuarantineSegment(value: unknown): QuarantineSegmentInput {
  return parseVersioned(segmentInput, value, 'The argument of a segment of a quarantine');
}

const view: Shape<QuarantineView> = object<QuarantineView>({
  count,
  segments: list(segmentRange),
  records: list(quarantinedRecord),
  more: optional(boolean),
  pending: list(quarantineDecision),
  decisions: list(quarantineDecision),
  redrivingFrom: optional(count),
  recovering: optional(endedRun),
  lost: optional(string),
});

/** @throws {InvalidValueError} */
export function parseQuarantineView(value: unknown): QuarantineView {
  return parseOrThrow(view, value, 'The answer of a quarantine');
}

/** How many records it holds. @throws {InvalidValueError} */
export function parseQuarantined(value: unknown): number {
  return parseOrThrow(count, value, 'The answer of a quarantine');
}
