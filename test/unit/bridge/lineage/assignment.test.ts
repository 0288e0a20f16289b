import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign } from '../../../../bridge/lineage/assignment.ts';

describe('assignment of shards to readers', () => {
  test('while there are few shards each has a reader of its own', () => {
    expect(assign(['a', 'b'], new Map(), 16)).toEqual({ start: [['a'], ['b']], recall: undefined });
  });

  test('many shards share a bounded number of readers', () => {
    expect(assign(['a', 'b', 'c', 'd', 'e'], new Map(), 2).start).toEqual([
      ['a', 'c', 'e'],
      ['b', 'd'],
    ]);
  });

  test('when all readers are out, the one with the fewest shards is called home', () => {
    const readers = new Map([
      [1, ['a', 'b']],
      [2, ['c']],
    ]);
    expect(assign(['a', 'b', 'c', 'd'], readers, 2)).toEqual({ start: [], recall: 2 });
  });

  test('nothing happens when every shard has a reader', () => {
    expect(assign(['a'], new Map([[1, ['a']]]), 1)).toEqual({ start: [], recall: undefined });
  });

  test('no shard is given out twice, and none is left out for ever', () => {
    const shards = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 40 });
    fc.assert(
      fc.property(shards, fc.integer({ min: 1, max: 8 }), (readable, maxReaders) => {
        const readers = new Map<number, readonly string[]>();
        for (let round = 0; round < 100; round += 1) {
          const { start, recall } = assign(readable, readers, maxReaders);
          if (recall !== undefined) readers.delete(recall);
          for (const group of start) readers.set(readers.size + round * 100, group);
          const out = [...readers.values()].flat();
          expect(new Set(out).size).toBe(out.length);
          expect(readers.size).toBeLessThanOrEqual(maxReaders);
          if (start.length === 0 && recall === undefined) break;
        }
        expect([...readers.values()].flat().toSorted()).toEqual(readable.toSorted());
      }),
    );
  });
});
