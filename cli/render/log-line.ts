import { visibleText } from '../../lib/pure/visible.ts';

/** Fields whose value has lines of its own; all else is one line. */
const HAS_LINES: ReadonlySet<string> = new Set(['stack']);
/** Line breaks stand between entries, and never within a string of JSON. */
const ACTED_ON = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON without a character that a terminal acts on. It says the same: in a string each is an escape. */
export function visibleJson(json: string): string {
  return json.replace(ACTED_ON, (character) => {
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** A log entry for pretty printing, in which texts from outside cannot write lines of their own. */
export function visibleEntry(value: unknown, field = ''): unknown {
  if (typeof value === 'string') return visibleText(value, HAS_LINES.has(field) ? 'lines' : 'one line');
  if (Array.isArray(value)) return value.map((each) => visibleEntry(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [visibleText(name), visibleEntry(each, name)] as const),
  );
}
