/**
 * JSON with its numbers as they were written: a JavaScript number holds 17 digits, and a rule about an amount or an id
 * must see exactly what the producer wrote.
 *
 * A number is represented by the string of its digits. To distinguish the two, a string starts with a mark, and so do
 * field names, which are strings to the parser. This form is only used in this folder.
 */
export type ExactJson = string | boolean | null | readonly ExactJson[] | { readonly [markedName: string]: ExactJson };

const MARK = "'";

const utf8 = new TextDecoder();

/** Finds quotation marks and numbers in a string that is known to be JSON. */
const TOKENS = /\\.|"|-?\d[\d.eE+-]*/g;

/** Undefined when the bytes are not JSON. They are read as `record.json()` reads them, so that both agree. */
export function parseExactJson(bytes: Uint8Array): ExactJson | undefined {
  const text = utf8.decode(bytes);
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return JSON.parse(withMarks(text)) as ExactJson;
}

function withMarks(text: string): string {
  let inText = false;
  // Token by token: a regular expression for a whole string would overflow the stack on a long one.
  return text.replaceAll(TOKENS, (token) => {
    if (token === '"') {
      inText = !inText;
      return inText ? `"${MARK}` : '"';
    }
    return inText ? token : `"${token}"`;
  });
}

export function marked(text: string): string {
  return MARK + text;
}

/** The string without its mark; undefined for other values. */
export function textIn(value: ExactJson): string | undefined {
  return typeof value === 'string' && value.startsWith(MARK) ? value.slice(MARK.length) : undefined;
}

/** The digits of a number; undefined for other values. */
export function numberIn(value: ExactJson): string | undefined {
  return typeof value === 'string' && !value.startsWith(MARK) ? value : undefined;
}

export type ExactObject = Readonly<Record<string, ExactJson>>;

export function isObject(value: ExactJson | undefined): value is ExactObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isScalar(value: ExactJson | undefined): value is string | boolean | null {
  return value !== undefined && (typeof value !== 'object' || value === null);
}

/** The elements of an array, with nested arrays flattened at any depth. Any other value is the only element. */
export function elementsOf(value: ExactJson | undefined): readonly (ExactJson | undefined)[] {
  if (!Array.isArray(value)) return [value];
  const elements: ExactJson[] = [];
  // No recursion: producers may nest to any depth.
  const open: ExactJson[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (Array.isArray(next)) for (const element of next as readonly ExactJson[]) open.push(element);
    else elements.push(next);
  }
  return elements;
}
