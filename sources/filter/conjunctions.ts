/**
 * Reads a pattern into conjunctions: lists of leaves that must all hold. `$or`, and a list of rules with `exists:
 * false` among others, make several conjunctions, of which one must hold.
 *
 * This form is not for speed. In an array a rule looks for an element that matches it, while `exists: false` requires
 * that there is none: only without alternatives inside is it clear which of the two a part of a pattern does.
 */
import type { FilterProblem } from './errors.ts';
import { marked } from './exact-json.ts';
import { OPERATOR_NAMES, readRule, type ReadRule, type Rule } from './rules.ts';
import type { Shape } from './shapes.ts';

type ValueShape = Extract<Shape, { holds: unknown }>;

export interface Leaf {
  /** Names of fields. */
  readonly path: readonly string[];
  /** Rules of which one must hold; `absent`: there must be no value. */
  readonly wanted: readonly Rule[] | 'absent';
}

export type Conjunction = readonly Leaf[];

/** The limit of EventBridge, whose language this is. */
const MAX_CONJUNCTIONS = 1000;

const OR = '$or';

/** The current place: in the settings, with `$or` and indexes, and in an event. */
interface Place {
  readonly settings: readonly (string | number)[];
  readonly event: readonly string[];
}

/** Reads one pattern. Errors are added to `problems`; the result is useless then. */
export function readPattern(
  pattern: unknown,
  shape: Shape,
  settings: readonly (string | number)[],
  problems: FilterProblem[],
): readonly Conjunction[] {
  return new PatternReader(problems).object(pattern, shape, { settings, event: [] }, false);
}

class PatternReader {
  readonly #problems: FilterProblem[];

  constructor(problems: FilterProblem[]) {
    this.#problems = problems;
  }

  object(pattern: unknown, shape: Shape, place: Place, inOr: boolean): readonly Conjunction[] {
    const fields = isObject(pattern) ? Object.entries(pattern) : [];
    if (fields.length === 0) return this.#problem(place, pattern, objectHelp(shape));
    let all: readonly Conjunction[] = [[]];
    for (const [name, value] of fields) {
      const part = name === OR ? this.#or(value, shape, place) : this.#field(name, value, shape, place, inOr);
      if (all.length * part.length > MAX_CONJUNCTIONS) {
        const message = `comes to more than ${MAX_CONJUNCTIONS} combinations of alternatives; write fewer $or into one pattern`;
        return this.#problem(place, pattern, message);
      }
      all = all.flatMap((left) => part.map((right) => left.concat(right)));
    }
    return all;
  }

  #or(alternatives: unknown, shape: Shape, place: Place): readonly Conjunction[] {
    const here = { ...place, settings: [...place.settings, OR] };
    if (!Array.isArray(alternatives) || alternatives.length < 2) {
      return this.#problem(here, alternatives, 'must be a list of two patterns or more');
    }
    return alternatives.flatMap((alternative: unknown, index) =>
      this.object(alternative, shape, { ...here, settings: [...here.settings, index] }, true),
    );
  }

  #field(name: string, value: unknown, shape: Shape, place: Place, inOr: boolean): readonly Conjunction[] {
    const here = { settings: [...place.settings, name], event: [...place.event, name] };
    if (inOr && OPERATOR_NAMES.includes(name)) {
      return this.#problem(
        here,
        value,
        `is an operator; in $or there are patterns, as in { price: [{ ${name}: ... }] }`,
      );
    }
    const inner = fieldShape(shape, name);
    if (inner === undefined) return this.#problem(here, value, unknownField(shape));
    if (!('holds' in inner)) return this.object(value, inner, here, inOr);
    if (Array.isArray(value)) return this.#rules(value, inner, here);
    if (inner.holds === 'anything' && isObject(value)) return this.object(value, inner, here, inOr);
    const orPattern = inner.holds === 'anything' ? ' or a pattern' : '';
    return this.#problem(here, value, `must be a list of rules${orPattern}, as in ['text'] or [{ exists: true }]`);
  }

  #rules(rules: readonly unknown[], { holds, oneOf }: ValueShape, place: Place): readonly Conjunction[] {
    if (rules.length === 0) return this.#problem(place, rules, 'must have a rule: an empty list matches nothing');
    const wanted: Rule[] = [];
    let absent = false;
    for (const [index, rule] of rules.entries()) {
      const read = readRule(rule, holds);
      if ('problem' in read) {
        this.#problems.push({ path: [...place.settings, index], value: rule, message: read.problem });
      } else if (neverMatches(read, oneOf)) {
        const message = `can never match: the value is ${oneOf?.length === 1 ? 'always' : 'one of'} ${oneOf?.join(', ')}`;
        this.#problems.push({ path: [...place.settings, index], value: rule, message });
      } else if ('absent' in read) absent = true;
      else wanted.push(read.rule);
    }
    const path = place.event;
    return [
      ...(wanted.length === 0 ? [] : [[{ path, wanted }]]),
      ...(absent ? [[{ path, wanted: 'absent' as const }]] : []),
    ];
  }

  #problem(place: Place, value: unknown, message: string): readonly Conjunction[] {
    this.#problems.push({ path: place.settings, value, message });
    return [];
  }
}

/** Whether the value is always one of a few strings, none of which matches the rule. */
function neverMatches(read: Exclude<ReadRule, { problem: string }>, oneOf: readonly string[] | undefined): boolean {
  if (oneOf === undefined) return false;
  return !('rule' in read) || !oneOf.some((text) => read.rule(marked(text)));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined when an event has no such field. */
function fieldShape(shape: Shape, name: string): Shape | undefined {
  if ('each' in shape) return shape.each;
  if ('holds' in shape) return shape;
  return Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
}

function unknownField(shape: Shape): string {
  return `an event has no such field here. Fields that it has: ${namesOf(shape)}`;
}

function objectHelp(shape: Shape): string {
  const names = 'fields' in shape ? ` (${namesOf(shape)})` : '';
  return `must be a pattern: an object with the names of fields${names}, and rules for them`;
}

function namesOf(shape: Shape): string {
  return 'fields' in shape ? Object.keys(shape.fields).join(', ') : 'any';
}
