import { expect, test } from 'vitest';
import { shardStatuses } from '../../../../cli/operations/shards.ts';
import type { LineageShard, ShardProgress } from '../../../../contracts/pipeline.ts';

const at = (sequenceNumber: string) => ({ shardId: 's', sequenceNumber });

function view(shard: Partial<LineageShard>, readers: string[][] = []) {
  const whole: LineageShard = { shardId: 's', parents: [], start: { at: 'horizon' }, finished: false, ...shard };
  return { state: { shards: { s: whole }, discovered: true }, readers };
}

const report = (progress: Partial<ShardProgress>) => ({
  shards: { s: { finished: false, read: 0, taken: 0, quarantined: 0, ...progress } },
});

test('the further of two checkpoints counts, whoever has it', () => {
  const known = view({ checkpoint: at('99') }, [['s']]);
  expect(shardStatuses(known, [report({ checkpoint: at('100'), lagMs: 5 })])).toMatchObject([
    { shardId: 's', state: 'reading', parents: [], checkpoint: at('100'), lagMs: 5 },
  ]);
  expect(shardStatuses(known, [report({ checkpoint: at('98') })])).toMatchObject([{ checkpoint: at('99') }]);
  expect(shardStatuses(known, [report({})])).toMatchObject([{ checkpoint: at('99') }]);
});

test.each([
  ['waiting', view({}), []],
  ['reading', view({}, [['s']]), []],
  ['finished', view({ finished: true, missingSince: 1 }), []],
  ['finished', view({}, [['s']]), [report({ finished: true })]],
  ['gone', view({ missingSince: 1 }), []],
  ['reading', undefined, [report({})]],
] as const)('a shard is %s', (state, known, reports) => {
  expect(shardStatuses(known, reports)).toMatchObject([{ state }]);
});
