/**
 * JSON with its numbers as they were written: a JavaScript number holds 17 digits, and a rule about an amount or an id
 * must not see another one than the producer wrote.
 *
 * A number is the text of its digits. So that it cannot be mistaken for a text, a text has a mark before it, and the
 * names of fields have one too, being texts to the parser. Nothing outside of this folder sees that form.
 */
export type ExactJson = string | boolean | null | readonly ExactJson[] | { readonly [markedName: string]: ExactJson };

const MARK = "'";

const utf8 = new TextDecoder();

/** What a quotation mark and a number can be told by, in a text that is known to be JSON. */
const TOKENS = /\\.|"|-?\d[\d.eE+-]*/g;

/** Undefined when the bytes are not JSON. They are read as `record.json()` reads them, so both have one view of it. */
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
  // Token by token: an expression for a whole text would overflow the stack on a long one.
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

/** The text without its mark; undefined for a value that is no text. */
export function textIn(value: ExactJson): string | undefined {
  return typeof value === 'string' && value.startsWith(MARK) ? value.slice(MARK.length) : undefined;
}

/** The digits of a number; undefined for a value that is none. */
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

/** What an array holds, arrays in it opened too, at any depth. A value that is no array is the only one. */
export function elementsOf(value: ExactJson | undefined): readonly (ExactJson | undefined)[] {
  if (!Array.isArray(value)) return [value];
  const elements: ExactJson[] = [];
  // No recursion: nobody knows how deeply a producer nests.
  const open: ExactJson[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (Array.isArray(next)) for (const element of next as readonly ExactJson[]) open.push(element);
    else elements.push(next);
  }
  return elements;
}
