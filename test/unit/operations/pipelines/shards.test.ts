import { expect, test } from 'vitest';
import { EMPTY_LINEAGE } from '../../../../bridge/lineage/lineage.ts';
import { gapsOf } from '../../../../operations/pipelines/gaps.ts';
import { recordCounts, shardStatuses } from '../../../../operations/pipelines/shards.ts';
import { lossWarnings } from '../../../../operations/pipelines/warnings.ts';
import type { LineageShard } from '../../../../contracts/pipeline/state.ts';
import type { ShardProgress } from '../../../../contracts/pipeline/reading.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

const at = (sequenceNumber: string) => ({ shardId: 's', sequenceNumber });

function view(shard: Partial<LineageShard>, readers: string[][] = [], retentionMs = 24 * HOUR) {
  const whole: LineageShard = { shardId: 's', parents: [], start: { at: 'horizon' }, ...shard };
  return { state: { ...EMPTY_LINEAGE, shards: { s: whole }, discovered: true, retentionMs }, readers };
}

const finished = { missingSince: { s: 0 }, childless: [], taken: 40, filtered: 7 };

const report = (progress: Partial<ShardProgress>) => ({
  shards: { s: { finished: false, read: 0, taken: 0, quarantined: 0, ...progress } },
});

test('the further of two checkpoints counts, whoever has it', () => {
  const known = view({ checkpoint: at('99') }, [['s']]);
  expect(shardStatuses(known, [report({ checkpoint: at('100'), lagMs: 5 })], NOW)).toMatchObject([
    { shardId: 's', state: 'reading', parents: [], checkpoint: at('100'), lagMs: 5 },
  ]);
  expect(shardStatuses(known, [report({ checkpoint: at('98') })], NOW)).toMatchObject([{ checkpoint: at('99') }]);
  expect(shardStatuses(known, [report({})], NOW)).toMatchObject([{ checkpoint: at('99') }]);
});

test.each([
  ['waiting', view({}), []],
  ['reading', view({}, [['s']]), []],
  ['finished', { state: { ...EMPTY_LINEAGE, finished }, readers: [] }, []],
  ['finished', view({}, [['s']]), [report({ finished: true })]],
  ['gone', view({ missingSince: 1 }), []],
  ['reading', undefined, [report({})]],
] as const)('a shard is %s', (state, known, reports) => {
  expect(shardStatuses(known, reports, NOW)).toMatchObject([{ state }]);
});

test.each<[string, Partial<LineageShard>, Partial<ShardProgress> | undefined, object]>([
  ['what the source tells', {}, { lagMs: 2 * HOUR, consumedUntil: NOW - 2 * HOUR - 1500 }, { lag: 2, loss: 22 }],
  [
    'the time since the last page, when that lies back',
    {},
    { lagMs: 0, consumedUntil: NOW - 3 * HOUR },
    { lag: 3, loss: 21 },
  ],
  ['the same without a lag of the source', {}, { consumedUntil: NOW - 3 * HOUR }, { lag: 3, loss: 21 }],
  ['what the pipeline knows, while nobody reads', { consumedUntil: NOW - 23 * HOUR }, undefined, { lag: 23, loss: 1 }],
  ['the later of both', { consumedUntil: NOW - 9 * HOUR }, { consumedUntil: NOW - 3 * HOUR }, { lag: 3, loss: 21 }],
  ['no less than nothing', { consumedUntil: NOW - 30 * HOUR }, undefined, { lag: 30, loss: 0 }],
  [
    'the start at a time, before anything was read',
    { start: { at: 'time', since: NOW - HOUR } },
    undefined,
    { lag: 1, loss: 23 },
  ],
  ['not known', {}, undefined, { lag: undefined, loss: undefined }],
  [
    'nothing to lose any more',
    { consumedUntil: NOW - 9 * HOUR },
    { finished: true, consumedUntil: NOW - 9 * HOUR },
    { lag: undefined, loss: undefined },
  ],
  ['nothing left', { missingSince: 1, consumedUntil: NOW - 9 * HOUR }, undefined, { lag: undefined, loss: undefined }],
])(
  'how far behind a shard is, and how long until loss: %s',
  (_name, known, reported, { lag, loss }: { lag?: number; loss?: number }) => {
    const [status] = shardStatuses(view(known), reported === undefined ? [] : [report(reported)], NOW);
    expect(status?.lagMs).toBe(lag === undefined ? undefined : lag * HOUR);
    expect(status?.untilLossMs).toBe(loss === undefined ? undefined : loss * HOUR);
  },
);

test('what the filter dropped is counted over the shifts', () => {
  expect(shardStatuses(view({ filtered: 7 }), [report({ filtered: 3 })], NOW)).toMatchObject([{ filtered: 10 }]);
});

test('records are counted over all shards, those that have finished and been forgotten included', () => {
  const { state } = view({ taken: 2, filtered: 1 }, [['s']]);
  const known = { state: { ...state, finished: { ...finished, missingSince: {} } }, readers: [['s']] };
  const shards = shardStatuses(known, [report({ taken: 3 })], NOW);
  expect(recordCounts(known.state, shards)).toEqual({ accepted: 45, filtered: 8 });
  expect(recordCounts(undefined, shards)).toEqual({ accepted: 5, filtered: 1 });
});

test('why a shard cannot be read is told', () => {
  expect(shardStatuses(view({}), [report({ readError: 'no access' })], NOW)).toMatchObject([
    { readError: 'no access' },
  ]);
});

test('a warning is due when unread records are nearer to being lost than the settings allow', () => {
  const of = (hours: number) => shardStatuses(view({ consumedUntil: NOW - hours * HOUR }), [], NOW);
  expect(lossWarnings(of(18), 6 * HOUR)).toEqual([]);
  expect(lossWarnings(of(19), 6 * HOUR)).toEqual([{ shardId: 's', lagMs: 19 * HOUR, untilLossMs: 5 * HOUR }]);
});

test('O10: a gap counts once, whether the pipeline knows of it or a reader that is still out', () => {
  const gap = (n: string) => ({ shardId: 's', after: at(n), at: NOW });
  const state = { ...view({}).state, gaps: [gap('1')], gapCount: 60 };
  expect(gapsOf(state, [report({ gaps: [gap('1'), gap('2')] })])).toEqual({ count: 61, latest: [gap('1'), gap('2')] });
  expect(gapsOf(undefined, [report({ gaps: [gap('2')] })])).toEqual({ count: 1, latest: [gap('2')] });
});
