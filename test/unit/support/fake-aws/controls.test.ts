import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  FakeAws,
  faults,
  type FakeKinesisStream,
  type FakeTable,
  type FaultRule,
} from '../../../support/fake-aws/index.ts';
import { Kinesis, Streams } from './clients.ts';

const SECOND = 1000;

let fake: FakeAws;
let stream: FakeKinesisStream;
let table: FakeTable;
let kinesis: Kinesis;
let streams: Streams;

beforeEach(async () => {
  fake = await FakeAws.start();
  stream = fake.createStream('orders', { shards: 2 });
  table = fake.createTable('orders');
  kinesis = new Kinesis(fake.endpoint, 'orders');
  streams = new Streams(fake.endpoint);
});
afterEach(async () => {
  kinesis.client.destroy();
  streams.client.destroy();
  await fake.stop();
});

describe('faults of a call', () => {
  test.each([
    ['throttled', faults.throttled, 'ProvisionedThroughputExceededException', 'LimitExceededException'],
    ['trimmed', faults.trimmed, 'InvalidArgumentException', 'TrimmedDataAccessException'],
    ['expired', faults.expiredIterator, 'ExpiredIteratorException', 'ExpiredIteratorException'],
    ['not found', faults.notFound, 'ResourceNotFoundException', 'ResourceNotFoundException'],
    ['internal', faults.internalError, 'InternalFailure', 'InternalServerError'],
    ['access', faults.awsError('AccessDeniedException'), 'AccessDeniedException', 'AccessDeniedException'],
  ])('%s, in the words of each service, as often as scripted', async (_, fault, ofKinesis, ofDynamodb) => {
    const shardId = stream.openShards[0]!;
    const iterator = await kinesis.iterator(shardId);
    const change = await streams.iterator(table.stream.arn, table.openShards[0]!);
    fake.faults.add({ operation: 'GetRecords', times: 3, fault });
    await expect(kinesis.get(iterator)).rejects.toMatchObject({ name: ofKinesis });
    await expect(streams.get(change)).rejects.toMatchObject({ name: ofDynamodb });
    await expect(streams.get(change)).rejects.toMatchObject({ name: ofDynamodb });
    expect(fake.faults.pending).toBe(0);
    await kinesis.get(iterator);
  });

  test('meet one shard, one kind of call, or a batch of time', async () => {
    const [one, two] = stream.openShards as [string, string];
    const { throttled } = faults;
    fake.faults.add({
      operation: 'GetShardIterator',
      shardId: one,
      until: fake.clock.now() + SECOND,
      fault: throttled,
    });
    fake.faults.add({
      operation: 'GetShardIterator',
      where: ({ input }) => input.ShardIteratorType === 'LATEST',
      fault: throttled,
    });
    await kinesis.iterator(two);
    await expect(kinesis.iterator(two, { ShardIteratorType: 'LATEST' })).rejects.toThrow('scripted');
    for (let call = 0; call < 5; call += 1) await expect(kinesis.iterator(one)).rejects.toThrow('scripted');
    fake.clock.advance(SECOND);
    await kinesis.iterator(one);
  });

  test('a hang lasts until the client gives up, a reset breaks the connection', async () => {
    const iterator = await kinesis.iterator(stream.openShards[0]!);
    fake.faults.add({ operation: 'GetRecords', fault: faults.hang });
    fake.faults.add({ operation: 'GetRecords', fault: faults.reset });
    const called = fake.called('GetRecords');
    const hanging = kinesis.get(iterator).then(
      () => 'answered',
      () => 'broken',
    );
    expect((await called).shardId).toBe(stream.openShards[0]);
    await expect(kinesis.get(iterator)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await fake.stop();
    expect(await hanging).toBe('broken');
  });

  test('a page can be held back before it is read, and after', async () => {
    const shardId = stream.openShards[0]!;
    const iterator = await kinesis.iterator(shardId);
    for (const [hold, expected] of [
      [faults.held, 1],
      [faults.delayed, 0],
    ] as const) {
      const gate = new EventEmitter();
      fake.faults.add({ operation: 'GetRecords', fault: hold(once(gate, 'open')) });
      const called = fake.called('GetRecords');
      const start = await kinesis.iterator(shardId, { ShardIteratorType: 'LATEST' });
      const reading = kinesis.get(start);
      await called;
      stream.put({ key: 'a', data: 'later', explicitHashKey: '0' });
      gate.emit('open');
      expect((await reading).Records).toHaveLength(expected);
    }
    expect((await kinesis.get(iterator)).Records).toHaveLength(2);
  });
});

describe('pages', () => {
  test('the end of a shard: an empty page, empty pages more, or the null iterator with the last records', async () => {
    const shardId = stream.put({ key: 'a', data: '1' })[0]!.shardId;
    stream.split(shardId);
    const children = stream.childrenOf(shardId).map(({ id }) => id);
    const last = { texts: [], isLast: true, children };
    const records = { texts: ['1'], isLast: false, children: [] };
    expect(await kinesis.pages(shardId)).toEqual([records, last]);
    fake.manners.trailingEmptyPages = 2;
    const empty = { texts: [], isLast: false, children: [] };
    expect(await kinesis.pages(shardId)).toEqual([records, empty, empty, last]);
    fake.manners.nullIteratorWithLastRecords = true;
    expect(await kinesis.pages(shardId)).toEqual([{ ...records, isLast: true, children }]);
    fake.faults.add({ operation: 'GetRecords', fault: faults.childless });
    expect(await kinesis.pages(shardId)).toEqual([{ ...records, isLast: true, children: [] }]);
  });

  test('may be empty anywhere, by the script or by rule, and lose nothing', async () => {
    const shardId = stream.put({ key: 'a', data: '1' })[0]!.shardId;
    stream.split(shardId);
    fake.faults.add({ operation: 'GetRecords', shardId, times: 2, fault: faults.emptyPage });
    expect((await kinesis.pages(shardId)).map(({ texts }) => texts)).toEqual([[], [], ['1'], []]);
    let calls = 0;
    fake.manners.emptyPage = () => (calls += 1) % 2 === 1;
    expect((await kinesis.pages(shardId)).map(({ texts }) => texts)).toEqual([[], ['1'], [], []]);
  });
});

describe('limits', () => {
  test('five reads a second and shard', async () => {
    fake.limits.enforced = true;
    const [one, two] = stream.openShards as [string, string];
    const iterator = await kinesis.iterator(one);
    for (let call = 0; call < 5; call += 1) await kinesis.get(iterator);
    await expect(kinesis.get(iterator)).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
    await kinesis.get(await kinesis.iterator(two));
    fake.clock.advance(SECOND);
    await kinesis.get(iterator);
  });

  test.each([
    ['really', 10],
    ['as scripted', 0],
  ])('after a page of 10 MiB, %s, the shard is throttled for five seconds', async (_, mib) => {
    fake.limits.enforced = mib > 0;
    const data = Buffer.alloc(1024 * 1024 - 1);
    for (let n = 0; n < mib; n += 1) stream.put({ key: 'a', data, explicitHashKey: '0' });
    const iterator = await kinesis.iterator(stream.openShards[0]!);
    if (mib === 0) fake.faults.add({ operation: 'GetRecords', fault: faults.fullPage });
    expect((await kinesis.get(iterator)).Records).toHaveLength(mib);
    fake.clock.advance(5 * SECOND - 1);
    await expect(kinesis.get(iterator)).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
    fake.clock.advance(1);
    await kinesis.get(iterator);
  });

  test('ten DescribeStream a second', async () => {
    fake.limits.enforced = true;
    for (let call = 0; call < 10; call += 1) await streams.describe(table.stream.arn);
    await expect(streams.describe(table.stream.arn)).rejects.toMatchObject({ name: 'ThrottlingException' });
    fake.clock.advance(SECOND);
    await streams.describe(table.stream.arn);
  });
});

describe('listings', () => {
  test('leave out, repeat, turn round, lag, and show an open parent beside its child', async () => {
    const [parent, other] = stream.openShards as [string, string];
    const before = stream.listing();
    stream.split(parent);
    const all = stream.listing().map(({ ShardId }) => ShardId);
    const [low, high] = all.slice(2) as [string, string];
    const listedWith = async (fault: FaultRule['fault']) => {
      fake.faults.add({ operation: 'ListShards', fault });
      return kinesis.list();
    };
    expect(await listedWith(faults.omitting(parent))).toEqual([other, low, high]);
    expect(await listedWith(faults.repeating(low))).toEqual([...all, low]);
    expect(await listedWith(faults.repeating())).toEqual([...all, ...all]);
    expect(await listedWith(faults.reversed)).toEqual(all.toReversed());
    expect(await listedWith(faults.reordered((a, b) => (a.ShardId < b.ShardId ? 1 : -1)))).toEqual(all.toReversed());
    expect(await listedWith(faults.stale(before))).toEqual([parent, other]);
    expect(await kinesis.list()).toEqual(all);
  });

  test('a rule that stays until it is taken back; the same of DynamoDB Streams', async () => {
    const { arn } = table.stream;
    const parent = table.openShards[0]!;
    const [child] = table.roll();
    const isOpen = async () =>
      (await streams.describe(arn)).Shards?.map(
        ({ SequenceNumberRange }) => !SequenceNumberRange?.EndingSequenceNumber,
      );
    const takeBack = fake.faults.add({
      operation: 'DescribeStream',
      times: Infinity,
      fault: faults.stillOpen(parent),
    });
    expect(await isOpen()).toEqual([true, true]);
    expect(await isOpen()).toEqual([true, true]);
    takeBack();
    expect(await isOpen()).toEqual([false, true]);
    fake.faults.add({ operation: 'DescribeStream', shardId: parent, fault: faults.childless });
    expect((await streams.describe(arn, { childrenOf: parent })).Shards).toEqual([]);
    expect((await streams.describe(arn, { childrenOf: parent })).Shards?.[0]?.ShardId).toBe(child);
  });
});

test('a thousand shards hold what their keys bring them, and are listed in one page', async () => {
  stream = fake.createStream('wide', { shards: 1000 });
  kinesis.client.destroy();
  kinesis = new Kinesis(fake.endpoint, 'wide');
  const keys = Array.from({ length: 10_000 }, (_, n) => `key-${n}`);
  const placements = stream.put(...keys.map((key) => ({ key, data: key })));
  const shards = await kinesis.list();
  expect(shards).toHaveLength(1000);
  // As many as the client has sockets.
  const some = shards.slice(475, 525);
  const pages = await Promise.all(some.map(async (shardId) => kinesis.get(await kinesis.iterator(shardId))));
  const read = pages.flatMap(({ Records = [] }) => Records.map(({ PartitionKey }) => PartitionKey));
  const put = keys.filter((_, n) => some.includes(placements[n]!.shardId));
  expect(new Set(read)).toEqual(new Set(put));
  expect(read).toHaveLength(put.length);
});
