/** The rules about one value: what is allowed, and whether a value of an event matches. */
import { compareDecimals, decimalOf } from './decimal.ts';
import { type ExactJson, marked, numberIn, textIn } from './exact-json.ts';
import type { Content } from './shapes.ts';

/** Whether a value, which is neither an object nor an array, matches the rule. */
export type Rule = (value: ExactJson) => boolean;

/** A rule that was understood, or what is wrong with it. */
export type ReadRule =
  | { readonly rule: Rule }
  /** The field must be absent. */
  | { readonly absent: true }
  | { readonly problem: string };

type About = Content | 'null';

interface Operator {
  readonly about: Content;
  readonly read: (operand: unknown) => ReadRule;
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  prefix: { about: 'text', read: (operand) => textRule(operand, (text) => (value) => value.startsWith(text)) },
  suffix: { about: 'text', read: (operand) => textRule(operand, (text) => (value) => value.endsWith(text)) },
  'equals-ignore-case': {
    about: 'text',
    read: (operand) =>
      textRule(operand, (text) => {
        const pattern = anyCaseOf(text);
        return (value) => pattern.test(value);
      }),
  },
  'anything-but': { about: 'anything', read: anythingBut },
  numeric: { about: 'number', read: numeric },
  exists: { about: 'anything', read: exists },
};

export const OPERATOR_NAMES: readonly string[] = Object.keys(OPERATORS);

const NUMBER_HELP = 'write a number that JavaScript holds exactly, or a bigint as in 12345678901234567890n';

/** @param content what the value can be: a rule that can never match is a problem */
export function readRule(rule: unknown, content: Content): ReadRule {
  if (typeof rule === 'object' && rule !== null && !Array.isArray(rule)) return readOperator(rule, content);
  const about = contentOf(rule);
  if (about === undefined) {
    return { problem: `write a string, a number, true, false, null or one of { ${OPERATOR_NAMES.join(', ')} }` };
  }
  return mismatch(about, content) ?? literal(rule);
}

function readOperator(rule: object, content: Content): ReadRule {
  const [[name, operand] = ['', undefined], ...others] = Object.entries(rule);
  const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (operator === undefined || others.length > 0) {
    return { problem: `write one operator of those that Lambda's filters have: ${OPERATOR_NAMES.join(', ')}` };
  }
  const about = name === 'anything-but' ? contentOf(Array.isArray(operand) ? operand[0] : operand) : operator.about;
  return mismatch(about ?? 'anything', content) ?? operator.read(operand);
}

function contentOf(value: unknown): About | undefined {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number' || typeof value === 'bigint') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return value === null ? 'null' : undefined;
}

const ALWAYS: Readonly<Record<Exclude<Content, 'anything'>, string>> = {
  text: "this field is always a string (DynamoDB's numbers are strings too)",
  number: 'this field is always a number',
  boolean: 'this field is always true or false',
};

/** A rule's subject, in messages. */
function aboutText(about: About): string {
  if (about === 'null') return about;
  return about === 'text' ? 'a string' : `a ${about}`;
}

function mismatch(about: About, content: Content): { readonly problem: string } | undefined {
  if (content === 'anything' || about === 'anything' || about === content) return undefined;
  return { problem: `${ALWAYS[content]}: a rule about ${aboutText(about)} never matches it` };
}

function literal(value: unknown): ReadRule {
  if (typeof value === 'string') return equals(marked(value));
  if (typeof value === 'boolean' || value === null) return equals(value);
  return numberRule(value, (order) => order === 0);
}

function equals(wanted: ExactJson): ReadRule {
  return { rule: (value) => value === wanted };
}

function numberRule(wanted: unknown, holds: (order: number) => boolean): ReadRule {
  const decimal = decimalOf(wanted);
  if (decimal === undefined) return { problem: NUMBER_HELP };
  return {
    rule: (value) => {
      const number = numberIn(value);
      return number !== undefined && holds(compareDecimals(number, decimal));
    },
  };
}

function textRule(operand: unknown, rule: (text: string) => (value: string) => boolean): ReadRule {
  if (typeof operand !== 'string') return { problem: 'its value must be a string' };
  const holds = rule(operand);
  return {
    rule: (value) => {
      const text = textIn(value);
      return text !== undefined && holds(text);
    },
  };
}

/**
 * Matches the text with each letter in any case, by Unicode's simple case folding, which these flags select: one letter
 * for one letter. `toUpperCase` would make `ß` the same as `SS`, and records with another text would match.
 */
function anyCaseOf(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)}$`, 'iu');
}

function anythingBut(operand: unknown): ReadRule {
  const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const kinds = new Set(values.map(contentOf));
  if (kinds.size !== 1 || !(kinds.has('text') || kinds.has('number'))) {
    return { problem: 'its value must be a string, a number, or a list of either that is not empty and not mixed' };
  }
  const unwanted: Rule[] = [];
  for (const value of values) {
    const read = literal(value);
    if (!('rule' in read)) return read;
    unwanted.push(read.rule);
  }
  return { rule: (value) => !unwanted.some((rule) => rule(value)) };
}

function exists(operand: unknown): ReadRule {
  if (typeof operand !== 'boolean') return { problem: 'its value must be true or false' };
  return operand ? { rule: () => true } : { absent: true };
}

const COMPARISONS: Readonly<
  Record<string, { readonly end: 'both' | 'lower' | 'upper'; readonly holds: (order: number) => boolean }>
> = {
  '=': { end: 'both', holds: (order) => order === 0 },
  '>': { end: 'lower', holds: (order) => order > 0 },
  '>=': { end: 'lower', holds: (order) => order >= 0 },
  '<': { end: 'upper', holds: (order) => order < 0 },
  '<=': { end: 'upper', holds: (order) => order <= 0 },
};

const NUMERIC_HELP =
  "its value must be one comparison, as in ['=', 100] or ['<', 10], or a lower and an upper end, as in ['>', 10, '<=', 20]";

function numeric(operand: unknown): ReadRule {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) return { problem: NUMERIC_HELP };
  const [firstSign, first, secondSign, second] = operand as readonly unknown[];
  const one = comparison(firstSign, first);
  if (operand.length === 2 || !('rule' in one)) return one;
  const other = comparison(secondSign, second);
  if (!('rule' in other)) return other;
  if (one.end !== 'lower' || other.end !== 'upper') return { problem: NUMERIC_HELP };
  // The range is not empty when the lower end is below the upper one, or both are equal and inclusive.
  const [lower, upper] = [decimalOf(first) ?? '', decimalOf(second) ?? ''];
  const order = compareDecimals(lower, upper);
  if (order > 0 || (order === 0 && !(one.rule(lower) && other.rule(lower)))) {
    return { problem: 'no number is between its ends: write the lower one first' };
  }
  return { rule: (value) => one.rule(value) && other.rule(value) };
}

function comparison(sign: unknown, number: unknown) {
  const found = typeof sign === 'string' && Object.hasOwn(COMPARISONS, sign) ? COMPARISONS[sign] : undefined;
  if (found === undefined || contentOf(number) !== 'number') return { problem: NUMERIC_HELP };
  const read = numberRule(number, found.holds);
  return 'rule' in read ? { rule: read.rule, end: found.end } : { problem: NUMBER_HELP };
}
