import { describe, expect, test } from 'vitest';
import type { SourceKind } from '../../../../contracts/event/event.ts';
import { FilterError } from '../../../../sources/filter/errors.ts';
import { compileFilter } from '../../../../sources/filter/filter.ts';

function problemsOf(source: SourceKind, patterns: unknown): string[] {
  try {
    compileFilter(source, patterns);
  } catch (error) {
    if (error instanceof FilterError)
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
  return [];
}

const IN_TEXT = "this field is always a string (DynamoDB's numbers are strings too)";
const OPERATORS = 'prefix, suffix, equals-ignore-case, anything-but, numeric, exists';

describe('O4: a filter that cannot be meant is refused at start, before it drops a record', () => {
  test.each<[string, unknown, string]>([
    ['no list', { data: { a: [1] } }, 'filter = { data: { a: [ 1 ] } }: must be a list of patterns'],
    ['an empty list', [], 'filter = []: must be a list of patterns'],
    ['a text', ['{"data":{}}'], `filter[0] = '{"data":{}}': is a string; write the pattern as an object`],
    ['an empty pattern', [{}], 'filter[0] = {}: must be a pattern: an object with the names of fields (partitionKey, '],
    ['an empty pattern for data', [{ data: {} }], 'filter[0].data = {}: must be a pattern'],
    [
      'a field that no event has',
      [{ kinesis: { data: {} } }],
      'filter[0].kinesis = { data: {} }: an event has no such field here. Fields that it has: partitionKey, sequenceNumber, approximateArrivalTimestamp, data',
    ],
    ['a value without a list', [{ data: { a: 'x' } }], "filter[0].data.a = 'x': must be a list of rules or a pattern"],
    [
      'a field that is undefined',
      [{ data: { a: undefined } }],
      'filter[0].data.a = undefined: must be a list of rules or a pattern',
    ],
    [
      'a pattern where a text is',
      [{ partitionKey: { a: ['x'] } }],
      "filter[0].partitionKey = { a: [ 'x' ] }: must be a list of rules, as",
    ],
    ['an empty list of rules', [{ data: { a: [] } }], 'filter[0].data.a = []: must have a rule'],
    ['a list in a list', [{ data: { a: [['x']] } }], "filter[0].data.a[0] = [ 'x' ]: write a string, a number"],
    [
      'an unknown operator',
      [{ data: { a: ['x', { wildcard: '*' }] } }],
      `filter[0].data.a[1] = { wildcard: '*' }: write one operator of those that Lambda's filters have: ${OPERATORS}`,
    ],
    [
      'an operator by a name from the prototype',
      [{ data: { a: [{ toString: 1 }] } }],
      'filter[0].data.a[0] = { toString: 1 }: write one operator',
    ],
    [
      'two operators in one',
      [{ data: { a: [{ prefix: 'x', suffix: 'y' }] } }],
      "filter[0].data.a[0] = { prefix: 'x', suffix: 'y' }: write one operator",
    ],
    ['no operator', [{ data: { a: [{}] } }], 'filter[0].data.a[0] = {}: write one operator'],
    [
      'a prefix that is no text',
      [{ data: { a: [{ prefix: 5 }] } }],
      'filter[0].data.a[0] = { prefix: 5 }: its value must be a string',
    ],
    ['exists without true or false', [{ data: { a: [{ exists: 'true' }] } }], 'its value must be true or false'],
    [
      'anything-but null',
      [{ data: { a: [{ 'anything-but': null }] } }],
      'its value must be a string, a number, or a list',
    ],
    [
      'anything-but nothing',
      [{ data: { a: [{ 'anything-but': [] }] } }],
      'its value must be a string, a number, or a list',
    ],
    [
      'anything-but mixed',
      [{ data: { a: [{ 'anything-but': ['x', 1] }] } }],
      'its value must be a string, a number, or a list',
    ],
    [
      'anything-but an operator',
      [{ data: { a: [{ 'anything-but': { prefix: 'x' } }] } }],
      'its value must be a string, a number, or a list',
    ],
    ['numeric without a list', [{ data: { a: [{ numeric: 5 }] } }], 'its value must be one comparison'],
    ['numeric with an unknown sign', [{ data: { a: [{ numeric: ['==', 5] }] } }], 'its value must be one comparison'],
    ['numeric with a text', [{ data: { a: [{ numeric: ['=', '5'] }] } }], 'its value must be one comparison'],
    [
      'numeric with the upper end first',
      [{ data: { a: [{ numeric: ['<', 5, '>', 1] }] } }],
      'its value must be one comparison',
    ],
    [
      'numeric with two lower ends',
      [{ data: { a: [{ numeric: ['>', 5, '>', 1] }] } }],
      'its value must be one comparison',
    ],
    ['numeric with three parts', [{ data: { a: [{ numeric: ['>', 5, '<'] }] } }], 'its value must be one comparison'],
    ['a range without a number', [{ data: { a: [{ numeric: ['>', 5, '<', 1] }] } }], 'no number is between its ends'],
    [
      'a range with open ends that meet',
      [{ data: { a: [{ numeric: ['>=', 5, '<', 5] }] } }],
      'no number is between its ends',
    ],
    [
      'a number that is rounded',
      [{ data: { a: [Number('12345678901234567890')] } }],
      'filter[0].data.a[0] = 12345678901234567000: write a number that JavaScript holds exactly, or a bigint',
    ],
    [
      'an infinite number',
      [{ data: { a: [{ numeric: ['<', Number.POSITIVE_INFINITY] }] } }],
      'write a number that JavaScript holds exactly',
    ],
    [
      'a number for a text',
      [{ partitionKey: [5] }],
      `filter[0].partitionKey[0] = 5: ${IN_TEXT}: a rule about a number never matches it`,
    ],
    [
      'a text for a number',
      [{ approximateArrivalTimestamp: [{ prefix: '15' }] }],
      'this field is always a number: a rule about a string never matches it',
    ],
    [
      '$or that is no list',
      [{ $or: { data: { a: [1] } } }],
      'filter[0].$or = { data: { a: [ 1 ] } }: must be a list of two patterns or more',
    ],
    ['$or of one', [{ $or: [{ data: { a: [1] } }] }], 'must be a list of two patterns or more'],
    [
      '$or of rules',
      [{ data: { a: { $or: [{ prefix: ['x'] }, { b: [1] }] } } }],
      "filter[0].data.a.$or[0].prefix = [ 'x' ]: is an operator; in $or there are patterns",
    ],
    [
      'one field beside an $or and in it',
      [{ data: { a: [1], $or: [{ a: [2] }, { b: [3] }] } }],
      'has rules for one field both next to an $or and inside of it',
    ],
    [
      'a value and a pattern for one field',
      [{ data: { $or: [{ a: [2] }, { b: [3] }], a: { c: [1] } } }],
      'has rules for one field both next to an $or and inside of it',
    ],
    [
      'too many alternatives',
      [{ data: Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`f${index}`, ['x', { exists: false }]])) }],
      'comes to more than 1000 combinations',
    ],
  ])('Kinesis: %s', (_name, patterns, expected) => {
    const problems = problemsOf('kinesis', patterns);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  test.each<[string, unknown, string]>([
    [
      'a part of the record in small letters',
      [{ dynamodb: { newImage: {} } }],
      'filter[0].dynamodb.newImage = {}: an event has no such field here. Fields that it has: Keys, NewImage, OldImage',
    ],
    [
      'an attribute without its type',
      [{ dynamodb: { NewImage: { status: ['x'] } } }],
      "filter[0].dynamodb.NewImage.status = [ 'x' ]: must be a pattern: an object with the names of fields (S, N, B, SS, NS, BS, BOOL, NULL, L, M), and rules for them",
    ],
    [
      'a nested attribute without its type',
      [{ dynamodb: { NewImage: { m: { M: { status: ['x'] } } } } }],
      'filter[0].dynamodb.NewImage.m.M.status',
    ],
    [
      'a number where digits are',
      [{ dynamodb: { Keys: { id: { N: [101] } } } }],
      `filter[0].dynamodb.Keys.id.N[0] = 101: ${IN_TEXT}`,
    ],
    [
      'numeric where digits are',
      [{ dynamodb: { Keys: { id: { N: [{ numeric: ['>', 5] }] } } } }],
      `${IN_TEXT}: a rule about a number never matches it`,
    ],
    [
      'anything-but numbers where digits are',
      [{ dynamodb: { Keys: { id: { N: [{ 'anything-but': [5] }] } } } }],
      IN_TEXT,
    ],
    ['null for a text', [{ eventName: [null] }], `${IN_TEXT}: a rule about null never matches it`],
    [
      'a text for a Boolean',
      [{ dynamodb: { NewImage: { ok: { BOOL: ['true'] } } } }],
      'this field is always true or false: a rule about a string never matches it',
    ],
    ['data, as with Kinesis', [{ data: { a: [1] } }], 'an event has no such field here'],
  ])('DynamoDB: %s', (_name, patterns, expected) => {
    const problems = problemsOf('dynamodb', patterns);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  test('all problems are told at once, with their places', () => {
    const patterns = [{ data: { a: [{ exists: 1 }, 'x', undefined], 'b c': 5 } }, 7];
    const places = ['filter[0].data.a[0]', 'filter[0].data.a[2]', 'filter[0].data["b c"]', 'filter[1]'];
    expect(problemsOf('kinesis', patterns).map((line) => line.split(' = ')[0])).toEqual(places);
    expect(() => compileFilter('kinesis', patterns)).toThrow(
      expect.objectContaining({ problems: expect.arrayContaining([expect.objectContaining({ path: [1], value: 7 })]) }),
    );
  });
});
