/** A conjunction as a tree, in the form of the events that it is compared with. */
import type { Conjunction, Leaf } from './conjunctions.ts';
import { elementsOf, type ExactJson, isObject, isScalar, marked } from './exact-json.ts';
import type { Rule } from './rules.ts';

export type MatchTree =
  | { readonly wanted: readonly Rule[] | 'absent' }
  | {
      /** Fields by their marked names. */
      readonly fields: readonly (readonly [string, MatchTree])[];
      /** True when it only requires that values are absent. */
      readonly absenceOnly: boolean;
    };

/**
 * Undefined when two of the leaves are about one field, which only an `$or` next to a field can cause: what AWS does
 * with two lists of rules for one value is not documented.
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
 * Whether a value matches the tree; undefined stands for an absent value.
 *
 * An array matches when one element does: all fields of a pattern must match in the same element, as in event-ruler
 * with JSON. That values are absent must be true of every element.
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
