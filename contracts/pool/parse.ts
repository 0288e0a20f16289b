/** One parser for each message that comes to a pool. */
import { count, list, number, object, optional, parse, string, type Parsed, type Shape } from '../../lib/pure/shape.ts';
import { recoveryFields } from '../run-shapes.ts';
import { parseVersioned, version } from '../version.ts';
import type { BatchProgress } from './batch.ts';
import type { FinishedSignal, LookSignal, PoolInput, PoolSignal } from './messages.ts';
import { poolEvent, poolOptions, poolState } from './shapes.ts';

const records: Shape<PoolSignal> = object<PoolSignal>({ leaseUntil: number, events: list(poolEvent) });

export function parsePoolRecords(value: unknown): Parsed<PoolSignal> {
  return parse(records, value);
}

const progress = object<Pick<BatchProgress, 'batch'>>({ batch: count });

/** Which batch it is of. What the batch says of its keys is read by the batch, which knows them: see batch-outcomes.ts. */
export function parseProgress(value: unknown): Parsed<Pick<BatchProgress, 'batch'>> {
  return parse(progress, value);
}

const finished: Shape<FinishedSignal> = object<FinishedSignal>({ key: string, through: count });

export function parseFinished(value: unknown): Parsed<FinishedSignal> {
  return parse(finished, value);
}

const look: Shape<LookSignal> = object<LookSignal>({ key: string });

export function parseLook(value: unknown): Parsed<LookSignal> {
  return parse(look, value);
}

const poolInput: Shape<PoolInput> = object<PoolInput>({
  version,
  pipeline: string,
  options: poolOptions,
  carried: optional(poolState),
  ...recoveryFields,
});

/** @throws {UnknownVersionError | InvalidValueError} */
export function parsePoolInput(value: unknown): PoolInput {
  return parseVersioned(poolInput, value, 'The argument of this pool');
}
