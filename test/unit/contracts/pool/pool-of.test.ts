import { describe, expect, test } from 'vitest';
import { poolOf } from '../../../../contracts/pool/pool-of.ts';

const keys = Array.from({ length: 10_000 }, (_, n) => `order-${n}`);

describe('O1 the pool of a key', () => {
  test('never changes', () => {
    const pools = ['', 'a', 'order-42', 'Zürich', '鍵', '🔑'].map((key) => poolOf(key, 1024));
    expect(pools).toEqual([11, 551, 247, 268, 977, 600]);
  });

  test.each([1, 2, 3, 16, 100])('of %i pools each gets its share', (pools) => {
    const counts = Array.from({ length: pools }, () => 0);
    for (const key of keys) counts[poolOf(key, pools)]! += 1;
    const share = keys.length / pools;
    for (const count of counts) expect(Math.abs(count - share)).toBeLessThan(5 * Math.sqrt(share));
  });

  test.each([2, 16])('a few keys that differ in a digit are in several of %i pools', (pools) => {
    const found = new Set(keys.slice(0, 40).map((key) => poolOf(key, pools)));
    expect(found.size).toBeGreaterThan(pools / 2);
  });
});
