import {
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeAws, type FakeKinesisStream } from '../../../support/fake-aws/index.ts';
import { Kinesis } from './clients.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

let fake: FakeAws;
let stream: FakeKinesisStream;
let kinesis: Kinesis;

beforeEach(async () => {
  fake = await FakeAws.start();
  stream = fake.createStream('orders');
  kinesis = new Kinesis(fake.endpoint, 'orders');
});
afterEach(async () => {
  kinesis.client.destroy();
  await fake.stop();
});

function first(): string {
  return stream.openShards[0]!;
}

describe('records', () => {
  test('have numbers of 56 digits that grow within a shard, also from parent to child in the same second', () => {
    const before = stream.put({ key: 'a', data: '1' }, { key: 'a', data: '2' });
    stream.split(first());
    const [after] = stream.put({ key: 'a', data: '3' });
    const numbers = [...before, after!].map(({ sequenceNumber }) => sequenceNumber);
    expect(numbers.map(({ length }) => length)).toEqual([56, 56, 56]);
    expect(numbers.toSorted()).toEqual(numbers);
    expect(new Set(numbers).size).toBe(3);
  });

  test('go where the hash of their key or their own hash key says', async () => {
    stream = fake.createStream('wide', { shards: 4 });
    const answer = await kinesis.client.send(
      new PutRecordsCommand({
        StreamName: 'wide',
        Records: [
          { PartitionKey: 'k1', Data: Buffer.from('1') },
          { PartitionKey: 'k1', Data: Buffer.from('2'), ExplicitHashKey: '0' },
          { PartitionKey: 'k1', Data: Buffer.from('3'), ExplicitHashKey: String(2n ** 128n - 1n) },
        ],
      }),
    );
    const [byKey, lowest, highest] = answer.Records!.map(({ ShardId }) => ShardId);
    expect(byKey).toBe(stream.put({ key: 'k1', data: '4' })[0]!.shardId);
    expect([lowest, highest]).toEqual([stream.openShards[0], stream.openShards[3]]);
  });

  test('come in pages of 10 MiB at the most, one of them at the least', async () => {
    const data = Buffer.alloc(4 * 1024 * 1024);
    stream.put({ key: 'a', data }, { key: 'a', data }, { key: 'a', data });
    const page = await kinesis.get(await kinesis.iterator(first()));
    expect(page.Records).toHaveLength(2);
    const rest = await kinesis.get(page.NextShardIterator!);
    expect(rest.Records).toHaveLength(1);
  });

  test('tell how far behind a page is, on the clock of the fake', async () => {
    stream.put({ key: 'a', data: '1' });
    fake.clock.advance(MINUTE);
    stream.put({ key: 'a', data: '2' });
    fake.clock.advance(MINUTE);
    const page = await kinesis.get(await kinesis.iterator(first()), 1);
    expect(page.MillisBehindLatest).toBe(MINUTE);
    expect((await kinesis.get(page.NextShardIterator!)).MillisBehindLatest).toBe(0);
  });
});

describe('time', () => {
  test('an iterator lives five minutes', async () => {
    const iterator = await kinesis.iterator(first());
    fake.clock.advance(5 * MINUTE);
    await kinesis.get(iterator);
    fake.clock.advance(1);
    await expect(kinesis.get(iterator)).rejects.toMatchObject({ name: 'ExpiredIteratorException' });
  });

  test('records and closed shards are gone after the retention, open shards stay', async () => {
    stream.put({ key: 'a', data: 'old' });
    const parent = first();
    stream.split(parent);
    fake.clock.advance(DAY);
    stream.put({ key: 'a', data: 'new' });
    expect(await kinesis.list()).toContain(parent);
    fake.clock.advance(1);
    expect(await kinesis.list()).toEqual(stream.openShards);
    await expect(kinesis.iterator(parent)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    // A parent that is gone is still named.
    expect(stream.listing().map(({ ParentShardId }) => ParentShardId)).toEqual([parent, parent]);
  });

  test.each([
    ['refused', undefined],
    ['horizon', { records: ['new'], lag: 0 }],
    ['emptyPages', { records: [], lag: DAY }],
  ] as const)('a start that has been trimmed: %s', async (trimmedStart, expected) => {
    fake.manners.trimmedStart = trimmedStart;
    const [old] = stream.put({ key: 'a', data: 'old' });
    fake.clock.advance(DAY);
    stream.put({ key: 'a', data: 'new' });
    fake.clock.advance(1);
    const start = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: old!.sequenceNumber } as const;
    const iterator = kinesis.iterator(first(), start);
    if (expected === undefined) {
      await expect(iterator).rejects.toMatchObject({ name: 'InvalidArgumentException' });
      return;
    }
    const page = await kinesis.get(await iterator);
    const records = page.Records!.map(({ Data }) => Buffer.from(Data!).toString());
    expect({ records, lag: page.MillisBehindLatest }).toEqual(expected);
  });

  test('a start at a time finds the first record from then on, and none in the future', async () => {
    stream.put({ key: 'a', data: '1' });
    fake.clock.advance(MINUTE);
    const now = new Date(fake.clock.now());
    stream.put({ key: 'a', data: '2' });
    const page = await kinesis.get(
      await kinesis.iterator(first(), { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: now }),
    );
    expect(page.Records).toHaveLength(1);
    const future = { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(now.getTime() + 1) } as const;
    await expect(kinesis.iterator(first(), future)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });
});

describe('resharding', () => {
  test('split and merge over the API: children name their parents, the last page names the children', async () => {
    const parent = first();
    const middle = String(2n ** 127n);
    const StreamName = 'orders';
    await kinesis.client.send(new SplitShardCommand({ StreamName, ShardToSplit: parent, NewStartingHashKey: middle }));
    const [low, high] = stream.openShards as [string, string];
    await kinesis.client.send(new MergeShardsCommand({ StreamName, ShardToMerge: high, AdjacentShardToMerge: low }));
    const child = first();
    expect(stream.listing().find(({ ShardId }) => ShardId === child)).toMatchObject({
      ParentShardId: high,
      AdjacentParentShardId: low,
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(2n ** 128n - 1n) },
    });
    expect(await kinesis.pages(parent)).toEqual([{ texts: [], isLast: true, children: [low, high] }]);
    expect(await kinesis.pages(low)).toEqual([{ texts: [], isLast: true, children: [child] }]);
  });

  test('while the stream is UPDATING writes go to the parent, and nothing else can be resharded', async () => {
    stream.transitionMs = MINUTE;
    const parent = first();
    stream.split(parent);
    expect(stream.status).toBe('UPDATING');
    expect(stream.put({ key: 'a', data: '1' })[0]!.shardId).toBe(parent);
    expect(() => stream.split(parent)).toThrow(/not ACTIVE/);
    fake.clock.advance(MINUTE);
    expect(stream.status).toBe('ACTIVE');
    expect(stream.put({ key: 'a', data: '2' })[0]!.shardId).not.toBe(parent);
  });

  test('an update of the shard count leaves even ranges, by way of shards that live for a moment', async () => {
    stream = fake.createStream('wide', { shards: 2 });
    await kinesis.client.send(
      new UpdateShardCountCommand({ StreamName: 'wide', TargetShardCount: 3, ScalingType: 'UNIFORM_SCALING' }),
    );
    expect(stream.openShards).toHaveLength(3);
    const open = stream.listing().filter(({ ShardId }) => stream.openShards.includes(ShardId));
    const starts = open.map(({ HashKeyRange }) => BigInt(HashKeyRange!.StartingHashKey));
    expect(starts.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([0n, 2n ** 128n / 3n, 2n ** 129n / 3n]);
    const passing = stream
      .listing()
      .filter(({ ParentShardId, SequenceNumberRange }) => ParentShardId && SequenceNumberRange.EndingSequenceNumber);
    expect(passing.length).toBeGreaterThan(0);
  });

  test('a closed shard is not split again', () => {
    const parent = first();
    stream.split(parent);
    expect(() => stream.split(parent)).toThrow(/is closed/);
  });
});

describe('listing', () => {
  test('pages by a token that takes no stream beside it and lives 300 seconds', async () => {
    fake.createStream('wide', { shards: 5 });
    const list = (input: object) => kinesis.client.send(new ListShardsCommand({ MaxResults: 2, ...input }));
    const page = await list({ StreamName: 'wide' });
    expect(page.Shards).toHaveLength(2);
    const NextToken = page.NextToken!;
    expect((await list({ NextToken })).Shards?.[0]?.ShardId).toBe('shardId-000000000002');
    await expect(list({ NextToken, StreamName: 'wide' })).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    fake.clock.advance(300_001);
    await expect(list({ NextToken })).rejects.toMatchObject({ name: 'ExpiredNextTokenException' });
  });

  test('filters by the time at which shards were open', async () => {
    const parent = first();
    fake.clock.advance(MINUTE);
    const before = new Date(fake.clock.now());
    fake.clock.advance(MINUTE);
    stream.split(parent);
    const children = [...stream.openShards];
    expect(await kinesis.list({ Type: 'AT_LATEST' })).toEqual(children);
    expect(await kinesis.list({ Type: 'AT_TRIM_HORIZON' })).toEqual([parent]);
    expect(await kinesis.list({ Type: 'AT_TIMESTAMP', Timestamp: before })).toEqual([parent]);
    fake.clock.advance(DAY + 1);
    expect(await kinesis.list({ Type: 'AT_TRIM_HORIZON' })).toEqual(children);
  });
});
