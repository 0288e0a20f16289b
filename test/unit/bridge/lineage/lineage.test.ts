import { describe, expect, test } from 'vitest';
import type { PipelineState } from '../../../../contracts/pipeline/state.ts';
import type { ReaderReport } from '../../../../contracts/pipeline/reading.ts';
import type { ShardInfo } from '../../../../contracts/pipeline/shards.ts';
import type { StartPoint } from '../../../../contracts/pipeline/options.ts';
import {
  EMPTY_LINEAGE,
  advance,
  awaitsChildren,
  awaitsParents,
  checkpointsOf,
  readable,
  startOf,
} from '../../../../bridge/lineage/lineage.ts';
import { observe } from '../../../../bridge/lineage/listing.ts';

const HORIZON: StartPoint = { at: 'horizon' };
const HOUR = 3_600_000;

const shard = (shardId: string, ...parents: string[]): ShardInfo => ({ shardId, parents, closed: false });
const told = (shardId: string, ...parents: string[]) => ({ shardId, parents });
const isFinished = (state: PipelineState, shardId: string) => state.finished.missingSince[shardId] !== undefined;
const list = (state: PipelineState, shards: ShardInfo[], now = 1) => observe(state, { shards }, HORIZON, now);
const ids = (state: PipelineState) => readable(state).map(({ shardId }) => shardId);

function report(shardId: string, sequenceNumber: string | undefined, finished = false): ReaderReport {
  const checkpoint = sequenceNumber === undefined ? {} : { checkpoint: { shardId, sequenceNumber } };
  return { shards: { [shardId]: { ...checkpoint, finished, read: 1, taken: 1, quarantined: 0 } } };
}

describe('O2 a shard may be read', () => {
  test('when its parent has been taken over whole, not before', () => {
    let state = list(EMPTY_LINEAGE, [shard('a'), shard('b', 'a')]);
    expect(ids(state)).toEqual(['a']);
    state = advance(state, report('a', '5'));
    expect(ids(state)).toEqual(['a']);
    state = advance(state, report('a', '5', true));
    expect(ids(state)).toEqual(['b']);
  });

  test('a merged one when both its parents have', () => {
    let state = list(EMPTY_LINEAGE, [shard('a'), shard('b'), shard('c', 'a', 'b')]);
    state = advance(state, report('a', undefined, true));
    expect(ids(state)).toEqual(['b']);
    state = advance(state, report('b', undefined, true));
    expect(ids(state)).toEqual(['c']);
  });

  test('when a second listing lacks its parent too: it is gone from the source (case 3)', () => {
    let state = list(EMPTY_LINEAGE, [shard('b', 'long-gone')]);
    expect(ids(state)).toEqual([]);
    expect(awaitsParents(state)).toBe(true);
    state = list(state, [shard('b', 'long-gone')]);
    expect(ids(state)).toEqual(['b']);
    expect(awaitsParents(state)).toBe(false);
    expect(ids(list(state, [shard('b', 'long-gone')]))).toEqual(['b']);
  });

  test('also when it has left the listing itself by then: what is gone of it has to be told (O10)', () => {
    expect(ids(list(list(EMPTY_LINEAGE, [shard('b', 'long-gone')]), []))).toEqual(['b']);
  });

  test('not while its parent was only left out of one listing (case 4)', () => {
    let state = list(EMPTY_LINEAGE, [shard('b', 'a')]);
    state = list(state, [shard('a'), shard('b', 'a')]);
    expect(ids(state)).toEqual(['a']);
    expect(awaitsParents(state)).toBe(false);
    state = list(state, [shard('b', 'a')]);
    expect(ids(state)).toEqual(['a']);
    expect(ids(advance(state, report('a', '1', true)))).toEqual(['b']);
  });

  test('a merged one of which one parent was left out: when both have been taken over', () => {
    let state = list(EMPTY_LINEAGE, [shard('a'), shard('c', 'a', 'b')]);
    state = advance(state, report('a', undefined, true));
    expect(ids(state)).toEqual([]);
    state = list(state, [shard('a'), shard('b'), shard('c', 'a', 'b')]);
    expect(ids(state)).toEqual(['b']);
  });

  test('after its parent was read and forgotten, as before', () => {
    const before: PipelineState = {
      ...EMPTY_LINEAGE,
      shards: { b: { ...told('b', 'a'), start: HORIZON } },
      discovered: true,
    };
    expect(ids(before)).toEqual(['b']);
    expect(ids(list(before, [shard('b', 'a')]))).toEqual(['b']);
  });

  test('also while the listing has it beside its open parent', () => {
    const state = list(EMPTY_LINEAGE, [shard('b', 'a'), shard('a')]);
    expect(ids(state)).toEqual(['a']);
  });
});

describe('O4 reading begins', () => {
  test('where the pipeline starts, for the shards of the first listing; at the horizon for those that appear later', () => {
    const since: StartPoint = { at: 'time', since: 1000 };
    let state = observe(EMPTY_LINEAGE, { shards: [shard('a')] }, since, 0);
    state = observe(state, { shards: [shard('a'), shard('b', 'a')] }, since, 1);
    expect(state.shards['a']?.start).toEqual(since);
    expect(state.shards['b']?.start).toEqual(HORIZON);
  });

  test('behind the checkpoint, once there is one', () => {
    const state = advance(list(EMPTY_LINEAGE, [shard('a')]), report('a', '7'));
    const known = state.shards['a'];
    expect(known && startOf(known)).toEqual({ at: 'after', position: { shardId: 'a', sequenceNumber: '7' } });
  });
});

describe('O4 O6 what readers report', () => {
  test('late or twice un-finishes nothing', () => {
    let state = advance(list(EMPTY_LINEAGE, [shard('a')]), report('a', '100', true));
    state = advance(state, report('a', '99'));
    state = advance(state, report('a', undefined));
    expect(isFinished(state, 'a')).toBe(true);
    expect(ids(state)).toEqual([]);
    expect(checkpointsOf(state)).toEqual({ a: { ended: true } });
  });

  test('late moves no checkpoint back', () => {
    const state = advance(advance(list(EMPTY_LINEAGE, [shard('a')]), report('a', '100')), report('a', '99'));
    const position = { shardId: 'a', sequenceNumber: '100' };
    expect(state.shards['a']?.checkpoint).toEqual(position);
    expect(checkpointsOf(state)).toEqual({ a: { ended: false, position } });
  });

  test('of a shard that is not known changes nothing', () => {
    const state = list(EMPTY_LINEAGE, [shard('a')]);
    expect(advance(state, report('x', '1'))).toEqual(state);
  });

  test('is counted over the shifts', () => {
    let state = list(EMPTY_LINEAGE, [shard('a')]);
    for (const sequence of ['1', '2', '3']) state = advance(state, report('a', sequence));
    expect(state.shards['a']?.taken).toBe(3);
    state = advance(advance(state, report('a', '3', true)), report('a', '3', true));
    expect(state.finished).toMatchObject({ taken: 5, filtered: 0 });
  });
});

describe('O10 a gap', () => {
  const gap = { shardId: 'a', after: { shardId: 'a', sequenceNumber: '5' }, at: 1000 };
  const withGap = (more: object = {}): ReaderReport => {
    const progress = { finished: false, read: 0, taken: 0, quarantined: 0 };
    return { shards: { a: { ...progress, gaps: [{ ...gap, ...more }] } } };
  };

  test('is kept once, whoever reports it again', () => {
    let state = list(EMPTY_LINEAGE, [shard('a')]);
    state = advance(state, withGap());
    state = advance(state, withGap({ at: 2000 }));
    expect(state.gaps).toEqual([gap]);
    expect(state.gapCount).toBe(1);
  });

  test('behind another position is another one; the oldest make room, none is uncounted', () => {
    let state = list(EMPTY_LINEAGE, [shard('a')]);
    for (let n = 1; n <= 60; n += 1) {
      state = advance(state, withGap({ after: { shardId: 'a', sequenceNumber: String(n) } }));
    }
    expect(state.gaps).toHaveLength(50);
    expect(state.gapCount).toBe(60);
  });
});

describe('O6 a finished shard', () => {
  const finished = () => advance(list(EMPTY_LINEAGE, [shard('a')]), report('a', '1', true));

  test('is remembered while listings flicker, so that it is not read again', () => {
    let state = list(finished(), []);
    state = list(state, [shard('a')], 40 * HOUR);
    state = list(state, [], 41 * HOUR);
    state = list(state, [], 80 * HOUR);
    expect(isFinished(state, 'a')).toBe(true);
    expect(ids(list(state, [shard('a')], 81 * HOUR))).toEqual([]);
  });

  test('is forgotten when it has been missing for two days', () => {
    let state = list(finished(), []);
    state = list(state, [], 49 * HOUR);
    expect(state.shards).toEqual({});
    expect(state.finished).toEqual({ missingSince: {}, childless: [], taken: 1, filtered: 0 });
  });

  test('awaits its children until one is listed', () => {
    const state = finished();
    expect(awaitsChildren(state)).toBe(true);
    expect(awaitsChildren(list(state, [shard('a'), shard('b', 'a')]))).toBe(false);
    expect(awaitsChildren(list(state, []))).toBe(false);
    expect(awaitsChildren(list(list(state, []), [shard('a')]))).toBe(true);
  });

  test('awaits no children when one was listed before it was finished', () => {
    const state = list(EMPTY_LINEAGE, [shard('a'), shard('b', 'a')]);
    expect(awaitsChildren(advance(state, report('a', '1', true)))).toBe(false);
  });

  test('one that is missing and not finished is kept: its reader has to tell what is left of it', () => {
    let state = list(EMPTY_LINEAGE, [shard('a')]);
    state = list(state, []);
    state = list(state, [], 100 * HOUR);
    expect(ids(state)).toEqual(['a']);
  });
});
