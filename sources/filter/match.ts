/** A conjunction as a tree, in the form of the events that it is held against. */
import type { Conjunction, Leaf } from './conjunctions.ts';
import { elementsOf, type ExactJson, isObject, isScalar, marked } from './exact-json.ts';
import type { Rule } from './rules.ts';

export type MatchTree =
  | { readonly wanted: readonly Rule[] | 'absent' }
  | {
      /** With their marked names. */
      readonly fields: readonly (readonly [string, MatchTree])[];
      /** True when all that it says is that values are not there. */
      readonly absenceOnly: boolean;
    };

/**
 * Undefined when two of the leaves are about one field, which only an `$or` beside a field can bring about: to hold one
 * value against two lists of rules is nowhere documented.
 */
export function matchTree(leaves: Conjunction, depth = 0): MatchTree | undefined {
  const [first] = leaves;
  if (first !== undefined && first.path.length === depth) {
    return leaves.length === 1 ? { wanted: first.wanted } : undefined;
  }
  const byName = new Map<string, Leaf[]>();
  for (const leaf of leaves) {
    const name = leaf.path[depth];
    if (name === undefined) return undefined;
    byName.set(name, [...(byName.get(name) ?? []), leaf]);
  }
  const fields: [string, MatchTree][] = [];
  for (const [name, inside] of byName) {
    const tree = matchTree(inside, depth + 1);
    if (tree === undefined) return undefined;
    fields.push([marked(name), tree]);
  }
  return { fields, absenceOnly: leaves.every(({ wanted }) => wanted === 'absent') };
}

/**
 * Whether a value is as the tree wants it; undefined stands for one that is not there.
 *
 * An array is as wanted when one element is: all fields that a pattern names in it are looked for in the same one, as
 * event-ruler does it with JSON. That values are absent must be true of every element.
 */
export function matches(tree: MatchTree, value: ExactJson | undefined): boolean {
  const elements = elementsOf(value);
  if ('wanted' in tree) {
    const { wanted } = tree;
    const values = elements.filter(isScalar);
    if (wanted === 'absent') return values.length === 0;
    return values.some((scalar) => wanted.some((rule) => rule(scalar)));
  }
  const isAsWanted = (element: ExactJson | undefined) =>
    tree.fields.every(([name, field]) => matches(field, isObject(element) ? element[name] : undefined));
  return tree.absenceOnly ? elements.every(isAsWanted) : elements.some(isAsWanted);
}
