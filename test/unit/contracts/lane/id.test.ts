import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { laneWorkflowId, searchableKey } from '../../../../contracts/lane/id.ts';

describe('the workflow id of a lane', () => {
  test('is readable', () => {
    expect(laneWorkflowId('orders', 'order-42')).toBe('orders:order-42');
  });

  test('of a long key is cut and hashed, and fits the columns of SQL servers', () => {
    const id = laneWorkflowId('orders', 'x'.repeat(1000));
    expect(id).toMatch(/^orders:x+~[0-9a-f]{32}$/);
    expect(Buffer.byteLength(id)).toBe(255);
    expect(searchableKey('x'.repeat(1000))).toBeUndefined();
  });

  test('O1 is its own for every key, whatever is in it', () => {
    const key = fc.oneof(fc.string({ minLength: 1 }), fc.string({ minLength: 200, unit: 'grapheme' }));
    fc.assert(
      fc.property(key, key, (a, b) => {
        const [first, second] = [laneWorkflowId('p', a), laneWorkflowId('p', b)];
        expect(first === second).toBe(a === b);
        expect(Buffer.byteLength(first)).toBeLessThanOrEqual(255);
      }),
    );
  });

  test('O1 is its own for any UTF-16 units, half surrogate pairs included (fault D5)', () => {
    // Few units, so that keys often differ in one of them only.
    const unit = fc.constantFrom(
      'a',
      'A',
      '\u0000',
      ' ',
      '_',
      '~',
      '\ud83d',
      '\ud83e',
      '\ude00',
      '\ufffd',
      'é',
      'e\u0301',
    );
    const key = fc
      .tuple(fc.array(unit, { minLength: 1, maxLength: 4 }), fc.constantFrom('', 'x'.repeat(300)))
      .map(([units, rest]) => units.join('') + rest);
    fc.assert(
      fc.property(key, key, (a, b) => {
        const ids = [laneWorkflowId('p', a), laneWorkflowId('p', b)] as const;
        expect(ids[0] === ids[1]).toBe(a === b);
        for (const id of ids) expect(id.isWellFormed()).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('O1 cannot be taken by a key that looks like a hashed one', () => {
    const hashed = laneWorkflowId('p', 'x'.repeat(1000));
    expect(laneWorkflowId('p', hashed.slice('p:'.length))).not.toBe(hashed);
  });
});
