/**
 * Shapes: what a value from another process must look like. A shape checks a value in place and copies nothing, since signals
 * hold hundreds of events. It never throws, whatever the value is, and names the first field that is wrong. Fields that a shape
 * does not know are kept: a newer version may have written them, for a reader that knows them.
 */
import { truncate } from './text.ts';

/** Undefined when the value has the shape. */
export type Shape<T> = ((value: unknown) => Mismatch | undefined) & {
  /** Ties the shape to its type, in both directions; never set. */
  readonly type?: (value: T) => T;
};

export interface Mismatch {
  /** From the outside in: `['events', 3, 'size']`. */
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly found: unknown;
}

export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** The value with its type, or what is wrong with it: `events[3].size must be a number, not null`. */
export function parse<T>(shape: Shape<T>, value: unknown): Parsed<T> {
  const mismatch = shape(value);
  return mismatch === undefined ? { value: value as T } : { problem: describe(mismatch) };
}

/** The same for a reader to which a value that is wrong is as good as none. */
export function parseOrNone<T>(shape: Shape<T>, value: unknown): T | undefined {
  return shape(value) === undefined ? (value as T) : undefined;
}

/** @throws {InvalidValueError} */
export function parseOrThrow<T>(shape: Shape<T>, value: unknown, what: string): T {
  const parsed = parse(shape, value);
  if ('problem' in parsed) throw new InvalidValueError(what, parsed.problem);
  return parsed.value;
}

/** Thrown when another process sent or wrote a value that has not the shape it must have. */
export class InvalidValueError extends Error {
  override readonly name = 'InvalidValueError';
  readonly problem: string;

  constructor(what: string, problem: string) {
    super(`${what} cannot be read: ${problem}`);
    this.problem = problem;
  }
}

function primitive<T>(expected: string, accepts: (value: unknown) => boolean): Shape<T> {
  return (value) => (accepts(value) ? undefined : { path: [], expected, found: value });
}

export const string = primitive<string>('a string', (value) => typeof value === 'string');
export const boolean = primitive<boolean>('true or false', (value) => typeof value === 'boolean');
/** NaN and infinity have no form in JSON, and would spoil every sum. */
export const number = primitive<number>('a number', Number.isFinite);
export const count = primitive<number>('a whole number of 0 or more', (value) => isInteger(value) && value >= 0);
export const unknown = primitive<unknown>('any value', () => true);

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** One of these constants. */
export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Shape<T> {
  return primitive(values.map((value) => JSON.stringify(value)).join(' or '), (value) => values.includes(value as T));
}

export function optional<T>(inner: Shape<T>): Shape<T | undefined> {
  return (value) => (value === undefined ? undefined : inner(value));
}

export function list<T>(inner: Shape<T>): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return { path: [], expected: 'a list', found: value };
    for (let index = 0; index < value.length; index += 1) {
      const mismatch = inner(value[index]);
      if (mismatch !== undefined) return within(index, mismatch);
    }
    return undefined;
  };
}

export function nonEmptyList<T>(inner: Shape<T>): Shape<readonly T[]> {
  return both(
    list(inner),
    primitive('a list that is not empty', (value) => Array.isArray(value) && value.length > 0),
  );
}

/** An object with names of any kind, each with such a value. */
export function record<T>(inner: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isObject(value)) return { path: [], expected: 'an object', found: value };
    for (const [name, each] of Object.entries(value)) {
      const mismatch = inner(each);
      if (mismatch !== undefined) return within(name, mismatch);
    }
    return undefined;
  };
}

/** Every field of the type has its shape; those that may be absent have an {@link optional} one. */
export function object<T extends object>(fields: { readonly [Field in keyof T]-?: Shape<T[Field]> }): Shape<T> {
  const entries = Object.entries(fields) as [string, Shape<unknown>][];
  return (value) => {
    if (!isObject(value)) return { path: [], expected: 'an object', found: value };
    for (const [name, inner] of entries) {
      const mismatch = inner(value[name]);
      if (mismatch !== undefined) return within(name, mismatch);
    }
    return undefined;
  };
}

/** An object whose field `tag` says which of the variants it is. */
export function tagged<T extends object, const Tag extends keyof T & string>(
  tag: Tag,
  variants: { readonly [Name in T[Tag] & string]: Shape<Extract<T, { readonly [Key in Tag]: Name }>> },
): Shape<T> {
  const names = Object.keys(variants);
  const expected = names.map((name) => JSON.stringify(name)).join(' or ');
  return (value) => {
    if (!isObject(value)) return { path: [], expected: 'an object', found: value };
    const name = value[tag];
    if (typeof name !== 'string' || !Object.hasOwn(variants, name)) return { path: [tag], expected, found: name };
    return (variants as Readonly<Record<string, Shape<unknown>>>)[name]?.(value);
  };
}

type EachShape<T> = T extends unknown ? Shape<T> : never;

/** An object that is the first of these variants whose field it has. */
export function byField<T extends object>(variants: { readonly [field: string]: EachShape<T> }): Shape<T> {
  const expected = `an object with ${Object.keys(variants).join(', ')}`;
  return (value) => {
    if (!isObject(value)) return { path: [], expected, found: value };
    for (const [name, inner] of Object.entries(variants)) if (Object.hasOwn(value, name)) return inner(value);
    return { path: [], expected, found: value };
  };
}

/** A value that has both shapes. */
export function both<T>(one: Shape<T>, other: Shape<T>): Shape<T> {
  return (value) => one(value) ?? other(value);
}

/** A shape with one more condition, which sees the value with its type. */
export function where<T>(inner: Shape<T>, expected: string, accepts: (value: T) => boolean): Shape<T> {
  return (value) => inner(value) ?? (accepts(value as T) ? undefined : { path: [], expected, found: value });
}

function within(name: string | number, { path, ...rest }: Mismatch): Mismatch {
  return { path: [name, ...path], ...rest };
}

const MAX_NAME_CHARS = 60;
const MAX_FOUND_CHARS = 60;

function describe({ path, expected, found }: Mismatch): string {
  const place = path.map((each) => (typeof each === 'number' ? `[${each}]` : `.${truncate(each, MAX_NAME_CHARS)}`));
  const name = path.length === 0 ? 'it' : `\`${place.join('').replace(/^\./, '')}\``;
  return `${name} must be ${expected}, not ${nameOf(found)}`;
}

function nameOf(found: unknown): string {
  if (found === undefined) return 'missing';
  if (typeof found === 'string') return JSON.stringify(truncate(found, MAX_FOUND_CHARS));
  if (typeof found === 'number' || typeof found === 'boolean' || found === null) return String(found);
  if (Array.isArray(found)) return `a list of ${found.length}`;
  return typeof found === 'object' ? 'an object' : `a ${typeof found}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
