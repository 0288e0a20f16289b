import type { KeySchemaElement } from '@aws-sdk/client-dynamodb-streams';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalItemKey } from '../../../sources/dynamodb/item-key.ts';

const HASH: KeySchemaElement[] = [{ AttributeName: 'id', KeyType: 'HASH' }];
const BOTH: KeySchemaElement[] = [...HASH, { AttributeName: 'at', KeyType: 'RANGE' }];

const keyOf = ([id, at]: [string, string]) => canonicalItemKey({ id: { S: id }, at: { S: at } }, BOTH);

test('a hash key alone is the plain value', () => {
  expect(canonicalItemKey({ id: { S: String.raw`a|b\c` } }, HASH)).toBe(String.raw`a|b\c`);
  expect(canonicalItemKey({ id: { N: '12345678901234567890' } }, HASH)).toBe('12345678901234567890');
  expect(canonicalItemKey({ id: { B: Uint8Array.of(0, 255) } }, HASH)).toBe('AP8=');
});

test('a hash and a range key are joined, whatever the order of the attributes and of the schema', () => {
  expect(canonicalItemKey({ at: { N: '7' }, id: { S: 'order' } }, BOTH.toReversed())).toBe('order|7');
});

test('O1: two items never share a key', () => {
  const part = fc.string({ unit: fc.constantFrom('a', '|', '\\') });
  fc.assert(
    fc.property(fc.tuple(part, part), fc.tuple(part, part), (one, other) => {
      expect(keyOf(one) === keyOf(other)).toBe(one[0] === other[0] && one[1] === other[1]);
    }),
    { numRuns: 1000 },
  );
});
