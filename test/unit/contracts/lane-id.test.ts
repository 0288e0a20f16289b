import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { laneWorkflowId, searchableKey } from '../../../contracts/lane-id.ts';

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

  test('O1 cannot be taken by a key that looks like a hashed one', () => {
    const hashed = laneWorkflowId('p', 'x'.repeat(1000));
    expect(laneWorkflowId('p', hashed.slice('p:'.length))).not.toBe(hashed);
  });
});
