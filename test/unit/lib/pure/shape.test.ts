import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  boolean,
  byField,
  count,
  InvalidValueError,
  list,
  nonEmptyList,
  number,
  object,
  oneOf,
  optional,
  parse,
  parseOrNone,
  parseOrThrow,
  record,
  string,
  tagged,
  where,
  type Shape,
} from '../../../../lib/pure/shape.ts';

interface Order {
  readonly id: string;
  readonly amounts: readonly number[];
  readonly note?: string;
  readonly by: Readonly<Record<string, boolean>>;
}

const order: Shape<Order> = object<Order>({
  id: string,
  amounts: list(number),
  note: optional(string),
  by: record(boolean),
});

const problemOf = (shape: (value: unknown) => ReturnType<typeof number>, value: unknown): string | undefined => {
  const parsed = parse(shape as Shape<unknown>, value);
  return 'problem' in parsed ? parsed.problem : undefined;
};

describe('a value that has not its shape is refused, and the first field that is wrong is named', () => {
  test.each<[unknown, string]>([
    [null, 'it must be an object, not null'],
    [[], 'it must be an object, not a list of 0'],
    [{}, '`id` must be a string, not missing'],
    [{ id: 7 }, '`id` must be a string, not 7'],
    [{ id: 'a', amounts: 'x' }, '`amounts` must be a list, not "x"'],
    [{ id: 'a', amounts: [1, 2, null] }, '`amounts[2]` must be a number, not null'],
    [{ id: 'a', amounts: [Number.NaN] }, '`amounts[0]` must be a number, not NaN'],
    [{ id: 'a', amounts: [], note: null }, '`note` must be a string, not null'],
    [{ id: 'a', amounts: [], by: { ann: 'yes' } }, '`by.ann` must be true or false, not "yes"'],
    [{ id: {}, amounts: [] }, '`id` must be a string, not an object'],
  ])('%j: %s', (value, problem) => {
    expect(problemOf(order, value)).toBe(problem);
  });

  test.each<[(value: unknown) => ReturnType<typeof number>, unknown, string]>([
    [count, -1, 'it must be a whole number of 0 or more, not -1'],
    [count, 1.5, 'it must be a whole number of 0 or more, not 1.5'],
    [oneOf('a', 'b'), 'c', 'it must be "a" or "b", not "c"'],
    [nonEmptyList(string), [], 'it must be a list that is not empty, not a list of 0'],
    [where(number, 'even', (n) => n % 2 === 0), 3, 'it must be even, not 3'],
  ])('%#: %j', (shape, value, problem) => {
    expect(problemOf(shape, value)).toBe(problem);
  });

  test('a variant is found by its tag or by its field, and by no name that every object has', () => {
    type Either = { readonly kind: 'one'; readonly n: number } | { readonly kind: 'two' };
    const either = tagged<Either, 'kind'>('kind', {
      one: object<{ readonly kind: 'one'; readonly n: number }>({ kind: oneOf('one'), n: number }),
      two: object<{ readonly kind: 'two' }>({ kind: oneOf('two') }),
    });
    expect(problemOf(either, { kind: 'one', n: 1 })).toBeUndefined();
    expect(problemOf(either, { kind: 'one' })).toBe('`n` must be a number, not missing');
    expect(problemOf(either, { kind: 'toString' })).toBe('`kind` must be "one" or "two", not "toString"');
    const data = byField<{ readonly text: string } | { readonly n: number }>({
      text: object<{ readonly text: string }>({ text: string }),
      n: object<{ readonly n: number }>({ n: number }),
    });
    expect(problemOf(data, { n: 1 })).toBeUndefined();
    expect(problemOf(data, { text: 5, n: 1 })).toBe('`text` must be a string, not 5');
    expect(problemOf(data, {})).toBe('it must be an object with text, n, not an object');
  });
});

test('the value itself is given back, with the fields that a newer version has added', () => {
  const value = { id: 'a', amounts: [1], by: {}, added: 'later' };
  expect(parse(order, value)).toEqual({ value });
  expect(parseOrNone(order, value)).toBe(value);
  expect(parseOrNone(order, {})).toBeUndefined();
  expect(() => parseOrThrow(order, {}, 'The order')).toThrow(
    new InvalidValueError('The order', '`id` must be a string, not missing'),
  );
});

test('no value makes a shape throw, and what it says of it is short and has a UTF-8 form', () => {
  const names = ['id', 'amounts', 'note', 'by', '__proto__'];
  const field = fc.constantFrom(...names);
  const values = fc.oneof(fc.anything(), fc.jsonValue(), fc.dictionary(field, fc.anything()));
  fc.assert(
    fc.property(values, (value) => {
      const problem = problemOf(order, value) ?? '';
      expect(problem.length).toBeLessThan(300);
      expect(problem.isWellFormed()).toBe(true);
    }),
  );
});
