/**
 * Formats any object as one line of text, for a message. The work is bounded, whatever the size of the object: a few
 * fields or elements of each object, two levels deep, and each object once. Node's `inspect` collects all fields of an
 * object before it shows the first, and blocks the process meanwhile.
 */
import { inspect, types } from 'node:util';
import { truncate } from '../pure/text.ts';

const MAX_DEPTH = 2;
/** Fields or elements that are shown of each object. */
const MAX_SHOWN = 20;
const MAX_STRING_CHARS = 500;
const MAX_NAME_CHARS = 100;
/** Nothing is added to the parts of an object when they are this long. */
const ENOUGH_CHARS = 2000;

/** @throws whatever a proxy throws */
export function objectText(value: object): string {
  return textOf(value, 0, new Set());
}

/** @param seen objects that the text shows already */
function textOf(value: unknown, depth: number, seen: Set<object>): string {
  if (typeof value === 'string') return inspect(truncate(value, MAX_STRING_CHARS));
  if (typeof value === 'function') return '[Function]';
  if (typeof value !== 'object' || value === null) return truncate(String(value), MAX_STRING_CHARS);
  const name = classNameOf(value);
  if (types.isDate(value)) return `Date ${Date.prototype.getTime.call(value)}`;
  if (depth > MAX_DEPTH || seen.has(value)) return `[${name === '' ? 'Object' : name}]`;
  seen.add(value);
  const isList = Array.isArray(value) || types.isTypedArray(value);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  const parts = firstParts(partsOf(value, (inner) => textOf(inner, depth + 1, seen)));
  const text = parts.length === 0 ? `${open}${close}` : `${open} ${parts.join(', ')} ${close}`;
  return name === '' || name === 'Array' ? text : `${name} ${text}`;
}

function firstParts(parts: Iterable<string>): string[] {
  const first: string[] = [];
  let chars = 0;
  for (const part of parts) {
    if (first.length === MAX_SHOWN || chars > ENOUGH_CHARS) return [...first, '…'];
    first.push(part);
    chars += part.length;
  }
  return first;
}

/** Lazily: a part is made when it is asked for. */
function* partsOf(value: object, show: (inner: unknown) => string): Generator<string> {
  if (Array.isArray(value) || types.isTypedArray(value)) {
    for (let index = 0; index < value.length; index += 1) yield show(value[index]);
  } else if (types.isMap(value)) {
    // Not by a method of the object, which may be one of a subclass.
    const entries = Map.prototype.entries.call(value) as IterableIterator<[unknown, unknown]>;
    for (const [key, inner] of entries) yield `${show(key)} => ${show(inner)}`;
  } else if (types.isSet(value)) {
    for (const inner of Set.prototype.values.call(value) as IterableIterator<unknown>) yield show(inner);
  } else {
    yield* fieldsOf(value, show);
  }
}

function* fieldsOf(value: object, show: (inner: unknown) => string): Generator<string> {
  // These two are not enumerable.
  if (types.isNativeError(value)) yield* ['message', 'cause'].flatMap((name) => fieldText(value, name, show));
  // The fastest way there is to the first few names: it does not make a list of them.
  for (const name in value) yield* fieldText(value, name, show);
}

/** None when the object does not have the field itself. A getter is not run. */
function fieldText(value: object, name: string, show: (inner: unknown) => string): string[] {
  const field = Object.getOwnPropertyDescriptor(value, name);
  if (field === undefined) return [];
  const shownName = /^[\w$]{1,100}$/.test(name) ? name : inspect(truncate(name, MAX_NAME_CHARS));
  return [`${shownName}: ${'value' in field ? show(field.value) : '[Getter]'}`];
}

/** Empty for a plain object. */
function classNameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null;
  const type: unknown =
    prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const name: unknown = typeof type === 'function' ? Object.getOwnPropertyDescriptor(type, 'name')?.value : undefined;
  return typeof name !== 'string' || name === 'Object' ? '' : truncate(name, MAX_NAME_CHARS);
}
