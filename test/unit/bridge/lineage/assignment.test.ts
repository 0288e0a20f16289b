import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign, fairShare } from '../../../../bridge/lineage/assignment.ts';

/** As the pipeline does it. */
const assigned = (readable: readonly string[], readers: ReadonlyMap<number, readonly string[]>, maxReaders: number) =>
  assign(readable, readers, maxReaders, fairShare(readable.length, maxReaders));

describe('assignment of shards to readers', () => {
  test('while there are few shards each has a reader of its own', () => {
    expect(assigned(['a', 'b'], new Map(), 16)).toEqual({ start: [['a'], ['b']], recall: undefined });
  });

  test('many shards share a bounded number of readers', () => {
    expect(assigned(['a', 'b', 'c', 'd', 'e'], new Map(), 2).start).toEqual([
      ['a', 'c', 'e'],
      ['b', 'd'],
    ]);
  });

  test('when all readers are out, the one with the fewest shards is called home', () => {
    const readers = new Map([
      [1, ['a', 'b']],
      [2, ['c']],
    ]);
    expect(assigned(['a', 'b', 'c', 'd'], readers, 2)).toEqual({ start: [], recall: 2 });
  });

  test('the only reader that is free does not get all that wait: the others are called home one by one', () => {
    const all = Array.from({ length: 12 }, (_, index) => `s${index}`);
    const readers = new Map([
      [1, ['s0']],
      [2, ['s1']],
    ]);
    const { start } = assigned(all, readers, 3);
    expect(start).toEqual([['s2', 's3', 's4', 's5']]);
    readers.set(3, start[0] as string[]);
    expect(assigned(all, readers, 3)).toEqual({ start: [], recall: 1 });
    readers.delete(1);
    expect(assigned(all, readers, 3).start).toEqual([['s0', 's6', 's7', 's8']]);
  });

  test('nothing happens when every shard has a reader', () => {
    expect(assigned(['a'], new Map([[1, ['a']]]), 1)).toEqual({ start: [], recall: undefined });
  });

  test('no shard is given out twice, and none is left out for ever', () => {
    const shards = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 40 });
    fc.assert(
      fc.property(shards, fc.integer({ min: 1, max: 8 }), (readable, maxReaders) => {
        const readers = new Map<number, readonly string[]>();
        for (let round = 0; round < 100; round += 1) {
          const { start, recall } = assigned(readable, readers, maxReaders);
          if (recall !== undefined) readers.delete(recall);
          for (const group of start) readers.set(readers.size + round * 100, group);
          const out = [...readers.values()].flat();
          expect(new Set(out).size).toBe(out.length);
          expect(readers.size).toBeLessThanOrEqual(maxReaders);
          if (start.length === 0 && recall === undefined) break;
        }
        expect([...readers.values()].flat().toSorted()).toEqual(readable.toSorted());
        for (const own of readers.values()) {
          expect(own.length).toBeLessThanOrEqual(fairShare(readable.length, maxReaders));
        }
      }),
    );
  });
});
