/**
 * Writes and parses outcomes: the answer of an activity, the details of a failed attempt, and the report of a batch that takes long
 * have the same form. An answer has to account for every event that was given. One that does not is malformed, and
 * nothing of it is used (O4).
 */
import { isRetryPolicy, readFailure, type RetryPolicy } from '../event/failure.ts';
import type { KeyReport, Outcome, Outcomes, Progress } from './outcome.ts';

/** Outcomes as they cross. A key whose events all succeeded takes a few bytes. */
export interface EncodedOutcomes {
  /** How many events of each key succeeded, in the order of the keys. */
  readonly succeeded: readonly number[];
  /** By the index of the key: what else there is to say. Required for each key with an event that did not succeed. */
  readonly more?: Readonly<Record<number, More>>;
  /** Named once for all failures. */
  readonly retry?: RetryPolicy;
}

type WithoutCount<T> = T extends unknown ? Omit<T, 'succeeded'> : never;
type More = WithoutCount<KeyReport>;

export interface Malformed {
  readonly problem: string;
}

export function isMalformed(value: object): value is Malformed {
  return 'problem' in value;
}

/** @param retry the policy of the process that ran the events; sent only when one of them failed */
export function encodeOutcomes(outcomes: readonly KeyReport[], retry?: RetryPolicy): EncodedOutcomes {
  const more = outcomes.flatMap(({ succeeded: _succeeded, ...rest }, index) =>
    rest.kind === 'succeeded' && Object.keys(rest).length === 1 ? [] : [[index, rest] as const],
  );
  const hasFailed = outcomes.some(({ kind }) => kind === 'failed');
  return {
    succeeded: outcomes.map(({ succeeded }) => succeeded),
    ...(more.length === 0 ? {} : { more: Object.fromEntries(more) }),
    ...(hasFailed && retry !== undefined ? { retry } : {}),
  };
}

/** @param sizes how many events of each key were given */
export function readOutcomes(value: unknown, sizes: readonly number[]): Outcomes | Malformed {
  const read = readReport(value, sizes);
  if (isMalformed(read)) return read;
  const running = read.outcomes.findIndex(({ kind }) => kind === 'running');
  return running === -1 ? (read as Outcomes) : { problem: `key ${running} is still running` };
}

/** Parses the report of a batch that is not over: some of its keys may still be running. */
export function readReport(value: unknown, sizes: readonly number[]): Outcomes<KeyReport> | Malformed {
  if (!isObject(value)) return { problem: 'it is not an object' };
  const { succeeded, more = {}, retry } = value;
  if (!isCounts(succeeded, sizes))
    return { problem: `\`succeeded\` does not count events of each of its ${sizes.length} keys` };
  if (!isObject(more)) return { problem: '`more` is not an object' };
  const unknown = Object.keys(more).find((index) => sizes[Number(index)] === undefined);
  if (unknown !== undefined) return { problem: `it has no key ${unknown.slice(0, 20)}` };
  if (retry !== undefined && !isRetryPolicy(retry)) return { problem: '`retry` is not a retry policy' };
  const outcomes = sizes.map((size, index) => readKey(succeeded[index] as number, more[index], size));
  const wrong = outcomes.indexOf(undefined);
  if (wrong !== -1) return { problem: `what it says about key ${wrong} is contradictory or incomplete` };
  return { outcomes: outcomes as KeyReport[], ...(retry === undefined ? {} : { retry }) };
}

/** What a heartbeat says has succeeded. Of one that cannot be read nothing has. */
export function readProgress(value: unknown, sizes: readonly number[]): readonly number[] {
  const succeeded = isObject(value) ? value['succeeded'] : undefined;
  return isCounts(succeeded, sizes) ? succeeded : sizes.map(() => 0);
}

function readKey(succeeded: number, more: unknown, size: number): KeyReport | undefined {
  const isWhole = succeeded === size;
  if (more === undefined) return isWhole ? { succeeded, kind: 'succeeded' } : undefined;
  if (!isObject(more)) return undefined;
  const progress = { succeeded, ...readFlags(more) };
  const { attempts, failure, kind } = more;
  switch (kind) {
    case 'succeeded':
      return isWhole ? { ...progress, kind } : undefined;
    case 'failed':
      // An event has to be left that failed, and a failure has to be named.
      if (isWhole || !isCount(attempts, 1) || failure === undefined || failure === null) return undefined;
      return { ...progress, kind, attempts, failure: readFailure(failure) };
    case 'stopped':
      if (attempts !== undefined && !isCount(attempts, 0)) return undefined;
      return { ...progress, kind, ...(attempts === undefined ? {} : { attempts }) };
    case 'not started':
      return succeeded === 0 ? { ...progress, kind } : undefined;
    case 'not owner':
      return { ...progress, kind };
    case 'running':
      return isWhole ? undefined : { ...progress, kind };
    default:
      return undefined;
  }
}

function readFlags({ isSlow, lostBefore, losses }: Record<string, unknown>): Omit<Progress, 'succeeded'> {
  return {
    ...(isSlow === true ? { isSlow } : {}),
    ...(lostBefore === true ? { lostBefore } : {}),
    ...(isCount(losses, 1) ? { losses } : {}),
  };
}

function isCounts(value: unknown, sizes: readonly number[]): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length === sizes.length &&
    sizes.every((size, index) => isCount(value[index], 0) && value[index] <= size)
  );
}

function isCount(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= min;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The only outcome, where the events of one key were given. */
export function onlyOutcome({ outcomes }: Outcomes): Outcome {
  const [outcome] = outcomes;
  if (outcome === undefined || outcomes.length > 1)
    throw new Error(`${outcomes.length} outcomes were read for one key`);
  return outcome;
}
