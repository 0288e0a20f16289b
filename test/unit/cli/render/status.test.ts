import { expect, test } from 'vitest';
import type { PipelineStatus } from '../../../../operations/pipelines/pipeline-status.ts';
import type { ShardStatus } from '../../../../operations/pipelines/shards.ts';
import { statusDocument } from '../../../../operations/documents/status.ts';
import { checkedDocument } from '../../../support/documents.ts';
import { renderStatus } from '../../../../cli/render/status.ts';
import { PLAIN } from '../fake-io.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

/** A shard as the operation tells it. */
const shard = (fields: Partial<ShardStatus>) =>
  ({ parents: [], accepted: 0, filtered: 0, ...fields }) as unknown as ShardStatus;

const reading: PipelineStatus = {
  pipeline: 'orders',
  state: 'reading',
  source: 'kinesis:orders',
  readers: 2,
  shards: [
    { shardId: 'shardId-000000000000', state: 'finished' },
    shard({
      shardId: 'shardId-000000000001',
      state: 'reading',
      lagMs: 4200,
      untilLossMs: 86_395_800,
      checkpoint: { shardId: 'shardId-000000000001', sequenceNumber: '4959033827149025660855', subSequenceNumber: 2 },
    }),
    shard({ shardId: 'shardId-000000000002', state: 'reading' }),
    shard({ shardId: 'shardId-000000000003', state: 'waiting', parents: ['shardId-000000000002'] }),
  ],
  records: { accepted: 0, filtered: 0 },
  lanes: { healthy: 120, retrying: 1, blocked: 2, paused: 0 },
  quarantined: 0,
  endedLanes: 0,
  readErrors: [],
  gaps: { count: 0, latest: [] },
  warnings: [],
};

const render = (statuses: readonly PipelineStatus[], width?: number) =>
  `\n${renderStatus(statuses, { style: { ...PLAIN, width }, now: NOW })}\n`;

test('a pipeline that reads: shards that are not finished, lanes, quarantine', () => {
  expect(render([reading])).toMatchInlineSnapshot(`
    "
    orders  reading, 2 readers from kinesis:orders
      lanes       120 healthy, 1 retrying, 2 blocked, 0 paused
      quarantine  empty
      SHARD                 STATE    LAG  UNTIL LOSS  CHECKPOINT
      shardId-000000000001  reading  4s   23h         4959033827149025660855:2
      shardId-000000000002  reading  -    -           -
      shardId-000000000003  waiting  -    -           -
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
  const readError = { activity: 'readShards', attempt: 4, message: 'Stream orders was not found' };
  const empty = { readers: 0, shards: [], lanes: none };
  expect(
    render([
      { ...reading, ...empty, state: 'paused', paused },
      { ...reading, ...empty, pipeline: 'users', state: 'not started' },
      { ...reading, ...empty, pipeline: 'carts', state: 'not started', lanes: { ...none, blocked: 1 } },
      { ...reading, ...empty, pipeline: 'bills', state: 'ended', ended: { how: 'TERMINATED', at: NOW - 5000 } },
      { ...reading, ...empty, pipeline: 'mails', state: 'unknown', quarantined: undefined, readErrors: [readError] },
      { ...reading, ...empty, pipeline: 'logs', quarantined: 3 },
    ]),
  ).toMatchInlineSnapshot(`
    "
    orders  paused 1m ago by ana (resharding) from kinesis:orders
      lanes       0 healthy, 0 retrying, 0 blocked, 0 paused
      quarantine  empty

    users  not started from kinesis:orders
      Its source has not been read yet: run \`keylane start\`.

    carts  not started from kinesis:orders
      Its source has not been read yet: run \`keylane start\`. It has 1 open lane.

    bills  terminated externally (TERMINATED) 5s ago from kinesis:orders
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

const troubled: PipelineStatus = {
  ...reading,
  retentionMs: 24 * 3_600_000,
  records: { accepted: 56, filtered: 1234 },
  shards: [
    shard({
      shardId: 'shardId-000000000001',
      state: 'reading',
      lagMs: 19 * 3_600_000,
      untilLossMs: 5 * 3_600_000,
      consumedUntil: NOW - 19 * 3_600_000,
      filtered: 1200,
      readError: 'no access',
    }),
    shard({ shardId: 'shardId-000000000002', state: 'reading', filtered: 34 }),
  ],
  gaps: {
    count: 2,
    latest: [
      { shardId: 'shardId-000000000001', at: NOW - 3_600_000 },
      {
        shardId: 'shardId-000000000001',
        after: { shardId: 'shardId-000000000001', sequenceNumber: '4959033827149025660855' },
        until: { shardId: 'shardId-000000000001', sequenceNumber: '4959033827149025661234', subSequenceNumber: 1 },
        at: NOW - 180_000,
      },
    ],
  },
  warnings: [{ shardId: 'shardId-000000000001', lagMs: 19 * 3_600_000, untilLossMs: 5 * 3_600_000 }],
};

test('O10: gaps, what the filter dropped, shards that cannot be read, and how long until unread records are lost', () => {
  expect(render([troubled])).toMatchInlineSnapshot(`
    "
    orders  reading, 2 readers from kinesis:orders
      lanes       120 healthy, 1 retrying, 2 blocked, 0 paused
      quarantine  empty
      gaps        2, the latest 3m ago: records of shardId-000000000001 from 4959033827149025660855 to 4959033827149025661234:1 expired before they were read
      filter      1234 records dropped
      SHARD                 STATE    LAG  UNTIL LOSS  CHECKPOINT
      shardId-000000000001  reading  19h  5h          -
      shardId-000000000002  reading  -    -           -
      Shard shardId-000000000001 is 19h behind: unread records are lost in 5h (the source keeps them for 24h).
      Shard shardId-000000000001 cannot be read: no access
    "
  `);
  expect(render([troubled], 100)).toContain('from 4959...0855 to 4959...1234:1');
});

test('O10: --json has gaps and warnings, with positions as they are typed and times as text', () => {
  expect(checkedDocument(statusDocument([troubled], []))).toMatchInlineSnapshot(`
    {
      "kind": "status",
      "others": [],
      "pipelines": [
        {
          "endedLanes": 0,
          "gaps": {
            "count": 2,
            "latest": [
              {
                "at": "2026-03-01T11:00:00.000Z",
                "shardId": "shardId-000000000001",
              },
              {
                "after": "shardId-000000000001:4959033827149025660855",
                "at": "2026-03-01T11:57:00.000Z",
                "shardId": "shardId-000000000001",
                "until": "shardId-000000000001:4959033827149025661234:1",
              },
            ],
          },
          "lanes": {
            "blocked": 2,
            "healthy": 120,
            "paused": 0,
            "retrying": 1,
          },
          "pipeline": "orders",
          "quarantined": 0,
          "readErrors": [],
          "readers": 2,
          "records": {
            "accepted": 56,
            "filtered": 1234,
          },
          "retentionMs": 86400000,
          "shards": [
            {
              "accepted": 0,
              "consumedUntil": "2026-02-28T17:00:00.000Z",
              "filtered": 1200,
              "lagMs": 68400000,
              "parents": [],
              "readError": "no access",
              "shardId": "shardId-000000000001",
              "state": "reading",
              "untilLossMs": 18000000,
            },
            {
              "accepted": 0,
              "filtered": 34,
              "parents": [],
              "shardId": "shardId-000000000002",
              "state": "reading",
            },
          ],
          "source": "kinesis:orders",
          "state": "reading",
          "warnings": [
            {
              "lagMs": 68400000,
              "message": "Shard shardId-000000000001 is 19h behind: unread records are lost in 5h (the source keeps them for 24h).",
              "shardId": "shardId-000000000001",
              "untilLossMs": 18000000,
            },
          ],
        },
      ],
      "version": 1,
    }
  `);
});

test('lanes that were terminated with work in them, and pipelines that the settings do not have (faults G4, G8)', () => {
  const others = [
    { pipeline: 'gone', blocked: 2 },
    { pipeline: 'users', blocked: 0 },
  ];
  const text = renderStatus([{ ...reading, endedLanes: 1 }], { style: PLAIN, now: NOW }, others);
  expect(text).toContain('1 lane with queued events was terminated, failed or timed out: `keylane blocked`');
  expect(text.split('\n').at(-1)).toBe(
    'Other pipelines, not in the settings (--pipeline NAME shows one): gone (2 blocked), users',
  );
});
