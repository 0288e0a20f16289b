import { inspect } from 'node:util';

const MAX_VALUE_CHARS = 80;

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
 * Thrown for an invalid filter, or one with a rule that could never match: it would drop records that should be
 * handled. Nothing was read yet. All problems are listed.
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
  return text.length <= MAX_VALUE_CHARS ? text : `${text.slice(0, MAX_VALUE_CHARS - 3)}...`;
}
