import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FilterError } from '../../../../sources/filter/errors.ts';
import { compileFilter } from '../../../../sources/filter/filter.ts';
import type { FilterPattern } from '../../../../contracts/public/filter.ts';
import { dynamodbRecord, kinesisRecord } from './records.ts';

const inData = (pattern: FilterPattern, data: unknown) =>
  compileFilter('kinesis', [{ data: pattern }]).matches(kinesisRecord(data));

describe('numbers', () => {
  test.each<[FilterPattern, string, boolean]>([
    [{ a: [300] }, '{"a":300}', true],
    [{ a: [300] }, '{"a":300.0}', true],
    [{ a: [300] }, '{"a":3.0e2}', true],
    [{ a: [300] }, '{"a":"300"}', false],
    [{ a: ['300'] }, '{"a":300}', false],
    [{ a: [9007199254740993n] }, '{"a":9007199254740993}', true],
    [{ a: [9007199254740993n] }, '{"a":9007199254740992}', false],
    [{ a: [0.1] }, '{"a":0.1000000000000000000001}', false],
    [{ a: [{ numeric: ['>', 0.1] }] }, '{"a":0.1000000000000000000001}', true],
    [{ a: [{ numeric: ['<=', 0.1] }] }, '{"a":0.1000000000000000000001}', false],
    [{ a: [{ numeric: ['>=', 5, '<=', 5] }] }, '{"a":5}', true],
    [{ a: [{ numeric: ['<', 10] }] }, '{"a":-1e400}', true],
    [{ a: [{ 'anything-but': 300 }] }, '{"a":3e2}', false],
    [{ a: [{ 'anything-but': [100, 300] }] }, '{"a":301}', true],
    [{ a: [{ 'anything-but': [300] }] }, '{"a":"300"}', true],
  ])('%o and %s: %s', (pattern, data, matches) => {
    expect(inData(pattern, data)).toBe(matches);
  });

  test('the time of arrival is in seconds, as in the events of Lambda', () => {
    const at = (rule: readonly (string | number)[]) =>
      compileFilter('kinesis', [{ approximateArrivalTimestamp: [{ numeric: rule }] }]).matches(kinesisRecord({}));
    expect(at(['=', 1545084650.987])).toBe(true);
    expect(at(['<', 1545084650.987])).toBe(false);
  });
});

test('equals-ignore-case takes any text for itself, as a text and not as an expression (fault D8)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, other) => {
      const pattern = { a: [{ 'equals-ignore-case': text }] };
      expect(inData(pattern, { a: text })).toBe(true);
      if (other.length !== text.length) expect(inData(pattern, { a: other })).toBe(false);
    }),
  );
});

describe('texts', () => {
  test.each<[FilterPattern, unknown, boolean]>([
    [{ a: [{ 'equals-ignore-case': 'straße ΣΑΣ' }] }, { a: 'STRAẞE σας' }, true],
    // Each letter for itself: no letter becomes two, and none loses its accent or its dot (fault D8).
    [{ a: [{ 'equals-ignore-case': 'straße' }] }, { a: 'STRASSE' }, false],
    [{ a: [{ 'equals-ignore-case': 'STRASSE' }] }, { a: 'straße' }, false],
    [{ a: [{ 'equals-ignore-case': 'ẞ' }] }, { a: 'ß' }, true],
    [{ a: [{ 'equals-ignore-case': 'ß' }] }, { a: 'ẞ' }, true],
    [{ a: [{ 'equals-ignore-case': 'oﬃce' }] }, { a: 'OFFICE' }, false],
    [{ a: [{ 'equals-ignore-case': 'i' }] }, { a: 'İ' }, false],
    [{ a: [{ 'equals-ignore-case': 'i' }] }, { a: 'ı' }, false],
    [{ a: [{ 'equals-ignore-case': '𐐀' }] }, { a: '𐐨' }, true],
    [{ a: [{ 'equals-ignore-case': 'a.c' }] }, { a: 'ABC' }, false],
    [{ a: [{ 'equals-ignore-case': 'a' }] }, { a: 'A\n' }, false],
    [{ a: [{ 'equals-ignore-case': '' }] }, { a: '' }, true],
    [{ a: [{ prefix: '' }] }, { a: 'x' }, true],
    [{ a: [{ prefix: '' }] }, { a: 5 }, false],
    [{ a: [{ suffix: '5' }] }, { a: 5 }, false],
    [{ a: [{ prefix: "'" }] }, { a: "'x" }, true],
    [{ a: ["'5"] }, { a: 5 }, false],
    [{ a: [true] }, { a: true }, true],
    [{ a: [true] }, { a: 'true' }, false],
    [{ a: [{ 'anything-but': 'x' }] }, { a: 'y' }, true],
    [{ a: [{ 'anything-but': ['x', 'y'] }] }, { a: 'y' }, false],
    [{ a: [{ prefix: 'x' }, { suffix: 'y' }, 5] }, { a: '_y' }, true],
    [{ a: [{ prefix: 'x' }, { suffix: 'y' }, 5] }, { a: 5 }, true],
    [{ constructor: [{ exists: false }] }, {}, true],
    [{ 'a.b': ['x'] }, { 'a.b': 'x' }, true],
    [{ 'a.b': ['x'] }, { a: { b: 'x' } }, false],
  ])('%o and %j: %s', (pattern, data, matches) => {
    expect(inData(pattern, data)).toBe(matches);
  });

  test('a field may have a name from the prototype of objects', () => {
    expect(inData({ ['__proto__']: { a: [1] } }, '{"__proto__":{"a":1}}')).toBe(true);
    expect(inData({ ['__proto__']: { a: [1] } }, '{}')).toBe(false);
  });
});

describe('arrays of an event', () => {
  const employees = [
    { firstName: 'John', lastName: 'Doe', skills: ['a', 'b'] },
    { firstName: 'Anna', lastName: 'Smith' },
    [{ firstName: 'Peter', lastName: 'Jones', skills: [['c']] }],
  ];

  test.each<[FilterPattern, unknown, boolean]>([
    [{ tags: ['b'] }, { tags: ['a', 'b'] }, true],
    [{ tags: ['c'] }, { tags: ['a', 'b'] }, false],
    [{ tags: [{ 'anything-but': 'a' }] }, { tags: ['a', 'b'] }, true],
    [{ tags: [{ 'anything-but': 'a' }] }, { tags: ['a', 'a'] }, false],
    [{ tags: [{ exists: true }] }, { tags: [] }, false],
    [{ tags: [{ exists: false }] }, { tags: [] }, true],
    [{ tags: [{ exists: false }] }, { tags: [null] }, false],
    [{ employees: { firstName: ['Anna'] } }, { employees }, true],
    [{ employees: { firstName: ['Peter'], lastName: ['Jones'], skills: ['c'] } }, { employees }, true],
    // Not Anna's and Peter's name taken together.
    [{ employees: { firstName: ['Anna'], lastName: ['Jones'] } }, { employees }, false],
    [{ employees: { firstName: ['Anna'], skills: [{ exists: false }] } }, { employees }, true],
    [{ employees: { firstName: ['John'], skills: [{ exists: false }] } }, { employees }, false],
    // Absent means absent everywhere.
    [{ employees: { skills: [{ exists: false }] } }, { employees }, false],
    [{ employees: { age: [{ exists: false }] } }, { employees }, true],
    [{ employees: { age: [{ exists: false }] } }, { employees: [] }, true],
    [{ employees: { age: [{ exists: false }] } }, { employees: [1, 'x'] }, true],
    [{ employees: { age: [{ exists: false }] } }, {}, true],
    [{ employees: { skills: ['z', { exists: false }] } }, { employees }, false],
    [{ employees: { skills: ['c', { exists: false }] } }, { employees }, true],
    [{ employees: { $or: [{ firstName: ['Anna'] }, { age: [5] }], lastName: ['Smith'] } }, { employees }, true],
    [{ employees: { $or: [{ firstName: ['Anna'] }, { age: [5] }], lastName: ['Doe'] } }, { employees }, false],
  ])('%o and %j: %s', (pattern, data, matches) => {
    expect(inData(pattern, data)).toBe(matches);
  });

  test('data that is an array itself', () => {
    expect(inData({ a: [1] }, [{ a: 2 }, { a: 1 }])).toBe(true);
    expect(inData({ a: [1] }, 5)).toBe(false);
  });
});

describe('$or', () => {
  test('beside fields, nested, twice, and around the data', () => {
    const filter = compileFilter('kinesis', [
      {
        $or: [
          { partitionKey: ['p'] },
          { data: { x: [1], $or: [{ y: [1] }, { z: { $or: [{ a: [1] }, { b: [1] }] } }] } },
        ],
        data: { w: [1] },
      },
    ]);
    const matches = (data: unknown, partitionKey: string) => filter.matches(kinesisRecord(data, partitionKey));
    expect(matches({ w: 1 }, 'p')).toBe(true);
    expect(matches({ w: 2 }, 'p')).toBe(false);
    expect(matches({ w: 1, x: 1, y: 1 }, 'q')).toBe(true);
    expect(matches({ w: 1, x: 1, z: { b: 1 } }, 'q')).toBe(true);
    expect(matches({ w: 1, x: 1 }, 'q')).toBe(false);
    expect(matches({ w: 1, x: 2, y: 1 }, 'q')).toBe(false);
  });

  test('metadata alone decide where they can, when the data is not JSON', () => {
    const filter = compileFilter('kinesis', [{ $or: [{ partitionKey: ['p'] }, { data: { x: [{ exists: false }] } }] }]);
    expect(filter.matches(kinesisRecord('text', 'p'))).toBe(true);
    expect(filter.matches(kinesisRecord('text', 'q'))).toBe(false);
    expect(filter.matches(kinesisRecord('{}', 'q'))).toBe(true);
  });
});

describe('laws', () => {
  const value = fc.oneof(
    fc.constantFrom('x', 'y', 'xy', '', 1, 2, 1.5, null, true, {}, [], { a: 'x' }, { a: 1 }),
    fc.array(fc.constantFrom('x', 'y', 1, null, { a: 'x' }, { b: 1 }), { maxLength: 3 }),
  );
  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { maxKeys: 3 });
  const rule = fc.constantFrom(
    'x',
    'y',
    1,
    null,
    true,
    { exists: true },
    { exists: false },
    { prefix: 'x' },
    { suffix: 'y' },
    { 'anything-but': 'x' },
    { 'anything-but': [1, 2] },
    { numeric: ['>', 1] },
    { 'equals-ignore-case': 'X' },
  );
  const rules = fc.array(rule, { minLength: 1, maxLength: 3 });
  const pattern = fc.oneof(
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), rules, { minKeys: 1, maxKeys: 3 }),
    fc.record({ a: fc.record({ a: rules, b: rules }, { requiredKeys: ['a'] }), c: rules }, { requiredKeys: ['a'] }),
  ) as fc.Arbitrary<FilterPattern>;

  test('a list of patterns and an $or of them match what one of them matches', () => {
    fc.assert(
      fc.property(pattern, pattern, data, (one, other, record) => {
        const either = inData(one, record) || inData(other, record);
        const list = compileFilter('kinesis', [{ data: one }, { data: other }]);
        expect(list.matches(kinesisRecord(record))).toBe(either);
        expect(inData({ $or: [one, other] }, record)).toBe(either);
      }),
      { numRuns: 2000 },
    );
  });

  test('a list of rules matches what one of the rules matches', () => {
    fc.assert(
      fc.property(rules, data, (list, record) => {
        expect(inData({ a: list }, record)).toBe(list.some((one) => inData({ a: [one] }, record)));
      }),
      { numRuns: 2000 },
    );
  });

  test('fields that share no array match when each of them does', () => {
    fc.assert(
      fc.property(rules, rules, data, (one, other, record) => {
        expect(inData({ a: one, b: { a: other } }, record)).toBe(
          inData({ a: one }, record) && inData({ b: { a: other } }, record),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('a field exists or it does not', () => {
    fc.assert(
      fc.property(data, (record) => {
        const at = (exists: boolean) => ({ a: [{ exists }] });
        expect(inData(at(true), record)).not.toBe(inData(at(false), record));
        expect(inData({ b: at(true) }, record)).not.toBe(inData({ b: at(false) }, record));
      }),
    );
  });

  test('nothing throws, whatever the data', () => {
    const filters = [
      compileFilter('kinesis', [{ data: { a: [{ numeric: ['>', 1] }, 'x'], b: { c: [{ exists: false }] } } }]),
      compileFilter('dynamodb', [{ dynamodb: { NewImage: { a: { S: ['x'] } } } }, { eventName: ['INSERT'] }]),
    ];
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, (content) => {
        for (const filter of filters) expect(filter.matches(kinesisRecord(content))).toBeTypeOf('boolean');
      }),
      { numRuns: 1000 },
    );
  });

  test('nothing but a FilterError comes of anything that is given as a filter', () => {
    const junk = fc.oneof(
      fc.anything(),
      fc.array(fc.record({ data: fc.oneof(pattern, fc.anything()), $or: fc.anything() }, { requiredKeys: [] })),
    );
    fc.assert(
      fc.property(junk, (patterns) => {
        try {
          compileFilter('kinesis', patterns).matches(kinesisRecord({}));
        } catch (error) {
          expect(error).toBeInstanceOf(FilterError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('DynamoDB: attributes at any depth', () => {
  const pattern = { dynamodb: { NewImage: { m: { M: { l: { L: { N: ['7'] } }, ok: { BOOL: [true] } } } } } };
  const filter = compileFilter('dynamodb', [pattern]);
  const image = (l: unknown[]) => ({ dynamodb: { NewImage: { m: { M: { l: { L: l }, ok: { BOOL: true } } } } } });
  expect(filter.matches(dynamodbRecord(image([{ S: '7' }, { N: '7' }])))).toBe(true);
  expect(filter.matches(dynamodbRecord(image([{ S: '7' }])))).toBe(false);
});
