/** What listings show of shards that come and go, by the numbers of the cases that other consumers have failed at. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ShardInfo } from '../../contracts/pipeline/shards.ts';
import { SourceUnavailableError } from '../../sources/errors.ts';
import { KinesisSource } from '../../sources/kinesis/kinesis-source.ts';
import { openSource } from '../../sources/open.ts';
import type { Source, SourceRecord } from '../../sources/source.ts';
import { FakeAws, type FakeKinesisStream, type FakeTable, faults } from '../support/fake-aws/index.ts';
import { never, readRecords, readToEnd, useEmulatorEnvironment } from './source.contract.ts';

const DAY = 86_400_000;

let fake: FakeAws;
let source: Source;

beforeEach(async () => {
  useEmulatorEnvironment();
  fake = await FakeAws.start();
});
afterEach(async () => {
  source.close();
  await fake.stop();
});

describe('Kinesis', () => {
  let stream: FakeKinesisStream;
  let parent: string;

  beforeEach(() => {
    stream = fake.createStream('orders');
    [parent] = stream.openShards as [string];
    const config = { kind: 'kinesis', stream: 'orders', endpoint: fake.endpoint } as const;
    source = new KinesisSource(config, { shardsPerPage: 2, now: () => fake.clock.now() });
  });

  test('case 3: a parent that has expired is still named by its children', async () => {
    stream.split(parent);
    const [low, high] = stream.openShards;
    fake.clock.advance(DAY + 1);
    expect(await source.listShards(never)).toEqual([
      { shardId: low, parents: [parent], closed: false },
      { shardId: high, parents: [parent], closed: false },
    ]);
  });

  test('case 6: a closed shard without children ends as every other', async () => {
    stream.put({ key: 'key', data: 'last' });
    stream.split(parent);
    for (const shardId of stream.openShards) {
      fake.faults.add({ operation: 'ListShards', times: Infinity, fault: faults.omitting(shardId) });
    }
    expect((await source.listShards(never)).find(({ shardId }) => shardId === parent)?.closed).toBe(true);
    expect(textsOf(await readToEnd(source.openShard(parent, { at: 'horizon' })))).toEqual(['last']);
  });

  test('case 8: behind a start at a time, children that appear later have everything since', async () => {
    stream.put({ key: 'key', data: 'before' });
    fake.clock.advance(1000);
    const since = fake.clock.now();
    fake.clock.advance(1000);
    stream.split(parent);
    const written = ['a', 'b', 'c', 'd'];
    stream.put(...written.map((key) => ({ key, data: key })));
    expect(await readToEnd(source.openShard(parent, { at: 'time', since }))).toEqual([]);
    const children = (await source.listShards(never)).filter(({ parents }) => parents.includes(parent));
    const pages = children.map(({ shardId }) => source.openShard(shardId, { at: 'horizon' }).next(never));
    expect(textsOf((await Promise.all(pages)).flatMap(({ records }) => records)).toSorted()).toEqual(written);
  });

  test('case 18: more shards than a page of the listing has, and those that appear later', async () => {
    stream.updateShardCount(2);
    stream.updateShardCount(4);
    const before = await source.listShards(never);
    expect(idsOf(before)).toEqual(stream.listing().map(({ ShardId }) => ShardId));
    stream.split(stream.openShards[0]!);
    expect(await source.listShards(never)).toHaveLength(before.length + 2);
  });
});

describe('DynamoDB Streams', () => {
  let table: FakeTable;

  beforeEach(() => {
    table = fake.createTable('orders', { shards: 2 });
    source = openSource({ kind: 'dynamodb', table: 'orders', endpoint: fake.endpoint });
  });

  test('cases 4 and 5: a listing that repeats, reorders, and shows an open parent beside its child', async () => {
    const [parent] = table.openShards;
    table.roll(parent);
    const truth = await source.listShards(never);
    fake.faults.add({ operation: 'DescribeStream', fault: faults.repeating() });
    expect(sorted(await source.listShards(never))).toEqual(sorted(truth));
    fake.faults.add({ operation: 'DescribeStream', fault: faults.reversed });
    expect(sorted(await source.listShards(never))).toEqual(sorted(truth));
    fake.faults.add({ operation: 'DescribeStream', fault: faults.stillOpen(parent!) });
    const shards = await source.listShards(never);
    expect(shards.find(({ shardId }) => shardId === parent)).toMatchObject({ closed: false });
    expect(shards.filter(({ parents }) => parents.includes(parent!))).toHaveLength(1);
  });

  test('case 4: a page of a listing that fails fails the listing: it is never partial', async () => {
    fake.createTable('wide', { shards: 150 });
    const wide = openSource({ kind: 'dynamodb', table: 'wide', endpoint: fake.endpoint });
    const where = ({ input }: { readonly input: { readonly ExclusiveStartShardId?: string } }) =>
      input.ExclusiveStartShardId !== undefined;
    fake.faults.add({ operation: 'DescribeStream', where, times: Infinity, fault: faults.throttled });
    await expect(wide.listShards(never)).rejects.toThrow(SourceUnavailableError);
    fake.faults.clear();
    expect(await wide.listShards(never)).toHaveLength(150);
    wide.close();
  });

  test('cases 6, 17: a closed shard without children is read to its end over empty pages', async () => {
    const { shardId } = table.put({ id: { S: 'a' } })!;
    const [child] = table.roll(shardId);
    fake.faults.add({ operation: 'DescribeStream', times: Infinity, fault: faults.omitting(child!) });
    fake.manners.trailingEmptyPages = 2;
    fake.faults.add({ operation: 'GetRecords', times: 2, fault: faults.emptyPage });
    expect((await source.listShards(never)).find((shard) => shard.shardId === shardId)?.closed).toBe(true);
    expect(await readToEnd(source.openShard(shardId, { at: 'horizon' }))).toHaveLength(1);
  });

  test('case 8: behind a start at a time, a child that appears later has everything since', async () => {
    const { shardId } = table.put({ id: { S: 'a' } }, { text: { S: 'before' } })!;
    fake.clock.advance(10 * 60_000);
    const since = fake.clock.now();
    fake.clock.advance(1000);
    const [child] = table.roll(shardId);
    table.put({ id: { S: 'a' } }, { text: { S: 'after' } });
    expect(await readToEnd(source.openShard(shardId, { at: 'time', since }))).toEqual([]);
    expect(await readRecords(source.openShard(child!, { at: 'horizon' }), 1)).toHaveLength(1);
  });
});

function idsOf(shards: readonly ShardInfo[]): string[] {
  return shards.map(({ shardId }) => shardId);
}

function sorted(shards: readonly ShardInfo[]): ShardInfo[] {
  return shards.toSorted((a, b) => (a.shardId < b.shardId ? -1 : 1));
}

function textsOf(records: readonly SourceRecord[]): string[] {
  return records.map(({ data }) => Buffer.from(data).toString());
}
