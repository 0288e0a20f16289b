import { expect, test } from 'vitest';
import type { PipelineStatus } from '../../../../cli/operations/pipeline-status.ts';
import type { ShardStatus } from '../../../../cli/operations/shards.ts';
import { renderStatus } from '../../../../cli/render/status.ts';
import { PLAIN } from '../fake-io.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

/** A shard as the operation tells it. */
const shard = (fields: Partial<ShardStatus>) => ({ parents: [], taken: 0, ...fields }) as unknown as ShardStatus;

const reading: PipelineStatus = {
  pipeline: 'orders',
  state: 'reading',
  source: 'kinesis:orders',
  readers: 2,
  shards: [
    shard({ shardId: 'shardId-000000000000', state: 'finished' }),
    shard({
      shardId: 'shardId-000000000001',
      state: 'reading',
      lagMs: 4200,
      checkpoint: { shardId: 'shardId-000000000001', sequenceNumber: '4959033827149025660855', subSequenceNumber: 2 },
    }),
    shard({ shardId: 'shardId-000000000002', state: 'reading' }),
    shard({ shardId: 'shardId-000000000003', state: 'waiting', parents: ['shardId-000000000002'] }),
  ],
  lanes: { healthy: 120, retrying: 1, blocked: 2, paused: 0 },
  quarantined: 0,
  troubles: [],
};

const render = (statuses: readonly PipelineStatus[], width?: number) =>
  `\n${renderStatus(statuses, { style: { ...PLAIN, width }, now: NOW })}\n`;

test('a pipeline that reads: shards that are not finished, lanes, quarantine', () => {
  expect(render([reading])).toMatchInlineSnapshot(`
    "
    orders  reading, 2 readers from kinesis:orders
      lanes       120 healthy, 1 retrying, 2 blocked, 0 paused
      quarantine  empty
      SHARD                 STATE    LAG  CHECKPOINT
      shardId-000000000001  reading  4s   4959033827149025660855:2
      shardId-000000000002  reading  -    -
      shardId-000000000003  waiting  -    -
      1 shard finished
    "
  `);
});

test('checkpoints are shortened on a terminal', () => {
  expect(render([reading], 100)).toContain('4959...0855:2');
});

test('paused, not started, ended, without a worker, in trouble', () => {
  const none = { healthy: 0, retrying: 0, blocked: 0, paused: 0 };
  const paused = { since: NOW - 60_000, by: 'ana', reason: 'resharding' };
  const trouble = { activity: 'readShards', attempt: 4, message: 'Stream orders was not found' };
  const empty = { readers: 0, shards: [], lanes: none };
  expect(
    render([
      { ...reading, ...empty, state: 'paused', paused },
      { ...reading, ...empty, pipeline: 'users', state: 'not started' },
      { ...reading, ...empty, pipeline: 'carts', state: 'not started', lanes: { ...none, blocked: 1 } },
      { ...reading, ...empty, pipeline: 'bills', state: 'ended', ended: { how: 'TERMINATED', at: NOW - 5000 } },
      { ...reading, ...empty, pipeline: 'mails', state: 'unknown', quarantined: undefined, troubles: [trouble] },
      { ...reading, ...empty, pipeline: 'logs', quarantined: 3 },
    ]),
  ).toMatchInlineSnapshot(`
    "
    orders  paused 1m ago by ana (resharding) from kinesis:orders
      lanes       0 healthy, 0 retrying, 0 blocked, 0 paused
      quarantine  empty

    users  not started from kinesis:orders
      Nothing has read its source yet: \`keylane start\` does.

    carts  not started from kinesis:orders
      Nothing has read its source yet: \`keylane start\` does. 1 lane of it is open.

    bills  ended from outside (TERMINATED) 5s ago from kinesis:orders
      lanes       0 healthy, 0 retrying, 0 blocked, 0 paused
      quarantine  empty

    mails  running, 0 readers from kinesis:orders
      lanes       0 healthy, 0 retrying, 0 blocked, 0 paused
      quarantine  ?
      No worker answers: is \`keylane bridge\` (or start, dev) running?
      Reading fails, attempt 4: Stream orders was not found

    logs  reading, 0 readers from kinesis:orders
      lanes       0 healthy, 0 retrying, 0 blocked, 0 paused
      quarantine  3 records without a usable key
    "
  `);
});
