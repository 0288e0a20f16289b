import { expect, test } from 'vitest';
import { restoreState } from '../../../../bridge/lineage/carried-state.ts';
import { awaitsChildren, EMPTY_LINEAGE, readable, startOf } from '../../../../bridge/lineage/lineage.ts';
import type { CarriedState } from '../../../../contracts/pipeline/state.ts';

const at = (shardId: string, sequenceNumber: string) => ({ shardId, sequenceNumber });
const start = { at: 'horizon' } as const;

/** As earlier versions carried it: finished shards among the others, in full. */
const earlier: CarriedState = {
  shards: {
    a: { shardId: 'a', parents: [], start, checkpoint: at('a', '9'), finished: true, taken: 9, missingSince: 5 },
    b: { shardId: 'b', parents: ['a'], start, checkpoint: at('b', '7'), finished: true, taken: 7, filtered: 2 },
    c: { shardId: 'c', parents: ['a'], start, checkpoint: at('c', '3'), finished: false, taken: 3, consumedUntil: 100 },
    d: { shardId: 'd', parents: ['c'], start, finished: false },
  },
  discovered: true,
  retentionMs: 86_400_000,
  gapCount: 1,
};

test('a pipeline goes on from the state of an earlier version: nothing finished is read again (O6)', () => {
  const state = restoreState(earlier);
  expect(state).toEqual({
    shards: {
      c: { shardId: 'c', parents: ['a'], start, checkpoint: at('c', '3'), taken: 3, consumedUntil: 100 },
      d: { shardId: 'd', parents: ['c'], start },
    },
    finished: { missingSince: { a: 5, b: 0 }, childless: ['b'], taken: 16, filtered: 2 },
    discovered: true,
    retentionMs: 86_400_000,
    gapCount: 1,
  });
  expect(readable(state).map(startOf)).toEqual([{ at: 'after', position: at('c', '3') }]);
  expect(awaitsChildren(state)).toBe(true);
});

test('and from one of its own as it is', () => {
  const state = restoreState(earlier);
  expect(restoreState(JSON.parse(JSON.stringify(state)))).toEqual(state);
  expect(restoreState(undefined)).toEqual(EMPTY_LINEAGE);
});
