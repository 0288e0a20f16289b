/**
 * What a batch says of its keys, parsed. It says something of each of them: of a key that is not named nothing is known, and what is
 * not known is never taken for done (O4).
 */
import { readFailedEvent } from '../event/failure.ts';
import type { BatchOutcome, KeyOutcome } from './batch.ts';

/** What is wrong with what was said. */
export interface Malformed {
  readonly problem: string;
}

export function isMalformed(value: readonly KeyOutcome[] | Malformed): value is Malformed {
  return 'problem' in value;
}

/** As a batch sends it: how much is done of each key, and more of those of which there is more to say. */
export function writeOutcomes(outcomes: readonly KeyOutcome[]): {
  readonly done: readonly number[];
  readonly outcomes: BatchOutcome;
} {
  const special = outcomes.flatMap((outcome, index) =>
    Object.keys(outcome).length > 1 ? [[index, outcome] as const] : [],
  );
  return { done: outcomes.map(({ done }) => done), outcomes: Object.fromEntries(special) };
}

/** @param sizes how many events of each key the batch was given */
export function readOutcomes(value: unknown, sizes: readonly number[]): readonly KeyOutcome[] | Malformed {
  if (!isObject(value)) return { problem: 'not an object' };
  const { done, outcomes = {} } = value;
  if (!Array.isArray(done) || done.length !== sizes.length)
    return { problem: `\`done\` does not name each of its ${sizes.length} keys` };
  if (!isObject(outcomes)) return { problem: '`outcomes` is not an object' };
  const strange = Object.keys(outcomes).find((index) => sizes[Number(index)] === undefined);
  if (strange !== undefined) return { problem: `it has no key ${strange.slice(0, 20)}` };
  const read = sizes.map((size, index) => readOutcome(done[index], outcomes[index], size));
  const wrong = read.findIndex((outcome) => outcome === undefined);
  return wrong === -1 ? (read as KeyOutcome[]) : { problem: `what it says of key ${wrong} cannot be` };
}

function readOutcome(done: unknown, more: unknown, size: number): KeyOutcome | undefined {
  if (!isCount(done, size)) return undefined;
  if (more === undefined) return { done };
  if (!isObject(more) || (more['done'] !== undefined && more['done'] !== done)) return undefined;
  const { isSlow, notStarted } = more;
  const failed = readFailedEvent(more['failed']);
  // There has to be an event that failed.
  if (failed !== undefined && done === size) return undefined;
  // One that was not started has done nothing.
  if (notStarted === true && (done > 0 || failed !== undefined)) return undefined;
  return {
    done,
    ...(failed === undefined ? {} : { failed }),
    ...(isSlow === true ? { isSlow } : {}),
    ...(notStarted === true ? { notStarted } : {}),
  };
}

/** A whole number of events, of so many at most. */
function isCount(value: unknown, size: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= size;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
