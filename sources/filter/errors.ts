import { inspect } from 'node:util';

const LONGEST_VALUE = 80;

/** One thing that is wrong with a filter. */
export interface FilterProblem {
  /** Where, from the list of patterns on. */
  readonly path: readonly (string | number)[];
  /** What is there. */
  readonly value: unknown;
  /** What is allowed there, or what to do. */
  readonly message: string;
}

/**
 * Thrown for a filter that cannot be used, or with which a rule could never match: it would drop records that somebody
 * waits for. Nothing was read yet. All problems that were found are listed.
 */
export class FilterError extends Error {
  override readonly name = 'FilterError';
  readonly problems: readonly FilterProblem[];

  constructor(problems: readonly FilterProblem[]) {
    super(['The filter cannot be used:', ...problems.map((problem) => `  ${line(problem)}`)].join('\n'));
    this.problems = problems;
  }
}

function line({ path, value, message }: FilterProblem): string {
  return `filter${path.map(step).join('')} = ${showValue(value)}: ${message}`;
}

function step(part: string | number): string {
  return typeof part === 'string' && /^[\w$-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
}

function showValue(value: unknown): string {
  const text = inspect(value, { depth: 3, compact: true, breakLength: Number.POSITIVE_INFINITY });
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 3)}...`;
}
