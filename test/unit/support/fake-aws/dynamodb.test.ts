import { ListStreamsCommand } from '@aws-sdk/client-dynamodb-streams';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeAws, type FakeTable } from '../../../support/fake-aws/index.ts';
import { Streams } from './clients.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const A = { id: { S: 'a' } };

let fake: FakeAws;
let table: FakeTable;
let arn: string;
let streams: Streams;

beforeEach(async () => {
  fake = await FakeAws.start();
  table = fake.createTable('orders');
  ({ arn } = table.stream);
  streams = new Streams(fake.endpoint);
});
afterEach(async () => {
  streams.client.destroy();
  await fake.stop();
});

function first(): string {
  return table.openShards[0]!;
}

describe('changes', () => {
  test('are records with keys and images; a write that changes nothing is none', async () => {
    table.put(A, { b: { B: Uint8Array.from([0, 255]) } });
    table.put(A, { b: { B: Uint8Array.from([0, 255]) } });
    table.put(A, { n: { N: '1' } });
    table.delete(A);
    table.delete(A);
    const shard = first();
    table.roll();
    const records = await streams.readToEnd(arn, shard);
    expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
    const [insert, modify, remove] = records.map(({ dynamodb }) => dynamodb!);
    // Keys `id` and `a`; in the image these again, and `b` with two bytes.
    expect(insert).toMatchObject({ Keys: A, SizeBytes: 3 + 3 + 3, StreamViewType: 'NEW_AND_OLD_IMAGES' });
    expect(insert!.NewImage).toEqual({ ...A, b: { B: Uint8Array.from([0, 255]) } });
    expect(insert!.OldImage).toBeUndefined();
    expect(modify).toMatchObject({ NewImage: { n: { N: '1' } }, OldImage: insert!.NewImage });
    expect(remove!.NewImage).toBeUndefined();
    expect(insert!.ApproximateCreationDateTime?.getTime()).toBe(fake.clock.now());
  });

  test('of time to live have the service as their principal', async () => {
    table.put(A);
    const shard = first();
    table.expire(A);
    table.roll();
    const [, removal] = await streams.readToEnd(arn, shard);
    const userIdentity = { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' };
    expect(removal).toMatchObject({ eventName: 'REMOVE', userIdentity });
  });

  test.each([
    ['KEYS_ONLY', false, false],
    ['NEW_IMAGE', true, false],
    ['OLD_IMAGE', false, true],
  ] as const)('have the images that the view %s has', async (viewType, hasNew, hasOld) => {
    table = fake.createTable('view', { viewType });
    const shard = first();
    table.put(A);
    table.put(A, { n: { N: '1' } });
    table.roll();
    const [, modify] = await streams.readToEnd(table.stream.arn, shard);
    expect(modify!.dynamodb!.NewImage !== undefined).toBe(hasNew);
    expect(modify!.dynamodb!.OldImage !== undefined).toBe(hasOld);
  });

  test('have numbers that get longer within a shard: as texts they are in no order', () => {
    const numbers = Array.from({ length: 8 }, (_, n) => table.put(A, { n: { N: String(n) } })!.sequenceNumber);
    expect(numbers.map(BigInt)).toEqual(numbers.map(BigInt).toSorted((a, b) => (a < b ? -1 : 1)));
    expect(new Set(numbers.map(({ length }) => length)).size).toBe(2);
    expect(numbers.toSorted()).not.toEqual(numbers);
  });
});

describe('shards', () => {
  test('roll every four hours, also when nobody looks: a day has its seven generations', async () => {
    const oldest = first();
    table.put(A);
    fake.clock.advance(24 * HOUR);
    const { Shards = [] } = await streams.describe(arn);
    expect(Shards).toHaveLength(7);
    expect(Shards.map(({ ParentShardId }) => ParentShardId)).toEqual([
      undefined,
      ...Shards.slice(0, -1).map(({ ShardId }) => ShardId),
    ]);
    const isClosed = Shards.map(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber !== undefined);
    expect(isClosed).toEqual([true, true, true, true, true, true, false]);
    expect(Number(Shards[1]!.ShardId!.split('-')[1])).toBe(fake.clock.now() - 20 * HOUR);
    expect(await streams.readToEnd(arn, oldest)).toHaveLength(1);
  });

  test('split in two children of one parent; each item stays in one line', async () => {
    const parent = first();
    const items = Array.from({ length: 20 }, (_, n) => ({ id: { S: `item-${n}` } }));
    for (const item of items) table.put(item);
    const children = table.split(parent);
    const placed = items.map((item) => table.put(item, { n: { N: '1' } })!.shardId);
    expect(new Set(placed)).toEqual(new Set(children));
    const answer = await streams.describe(arn, { childrenOf: parent });
    expect(answer.Shards?.map(({ ShardId }) => ShardId).toSorted()).toEqual(children.toSorted());
    expect((await streams.describe(arn, { childrenOf: children[0]! })).Shards).toEqual([]);
  });

  test('are listed in pages of a hundred; a marker with the last of them promises nothing', async () => {
    table = fake.createTable('wide', { shards: 100 });
    const wide = table.stream.arn;
    expect((await streams.describe(wide)).LastEvaluatedShardId).toBeUndefined();
    fake.manners.markerOnLastPage = true;
    const marker = (await streams.describe(wide)).LastEvaluatedShardId!;
    const page = await streams.describe(wide, { ExclusiveStartShardId: marker });
    expect(page.Shards).toEqual([]);
    expect(page.LastEvaluatedShardId).toBeUndefined();
    const small = await streams.describe(wide, { Limit: 30 });
    expect(small.Shards).toHaveLength(30);
  });
});

describe('time', () => {
  test('an iterator lives fifteen minutes', async () => {
    const iterator = await streams.iterator(arn, first());
    fake.clock.advance(15 * MINUTE);
    await streams.get(iterator);
    fake.clock.advance(1);
    await expect(streams.get(iterator)).rejects.toMatchObject({ name: 'ExpiredIteratorException' });
  });

  test('what is older than a day is trimmed, for a start and for an iterator that has it before it', async () => {
    table = fake.createTable('still', { rollEveryMs: Infinity });
    const { stream } = table;
    const { sequenceNumber } = table.put(A)!;
    fake.clock.advance(24 * HOUR);
    const iterator = await streams.iterator(stream.arn, first());
    fake.clock.advance(1);
    await expect(streams.get(iterator)).rejects.toMatchObject({ name: 'TrimmedDataAccessException' });
    const start = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: sequenceNumber } as const;
    const refused = streams.iterator(stream.arn, first(), start);
    await expect(refused).rejects.toMatchObject({ name: 'TrimmedDataAccessException' });
  });

  test('a shard is gone a day after it was closed, and its child still names it', async () => {
    const parent = first();
    const [child] = table.roll();
    fake.clock.advance(24 * HOUR + 1);
    const { Shards = [] } = await streams.describe(arn);
    expect(Shards[0]).toMatchObject({ ShardId: child, ParentShardId: parent });
    await expect(streams.iterator(arn, parent)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('streams', () => {
  test('disable and enable: two streams without a tie, the old one to be read for a day', async () => {
    table.put(A);
    const shard = first();
    table.disableStream();
    expect(table.put(A, { n: { N: '1' } })).toBeUndefined();
    fake.clock.advance(MINUTE);
    const next = table.enableStream('KEYS_ONLY');
    expect(next.arn).not.toBe(arn);
    expect(await streams.readToEnd(arn, shard)).toHaveLength(1);
    const old = await streams.describe(arn);
    expect(old).toMatchObject({ StreamStatus: 'DISABLED' });
    expect(old.Shards).toHaveLength(1);
    const { Shards = [], StreamStatus } = await streams.describe(next.arn);
    expect(StreamStatus).toBe('ENABLED');
    expect(Shards.map(({ ParentShardId }) => ParentShardId)).toEqual([undefined]);
    expect(await listed()).toEqual([arn, next.arn]);
    fake.clock.advance(24 * HOUR);
    expect(await listed()).toEqual([next.arn]);
    await expect(streams.describe(arn)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

async function listed() {
  const { Streams: found = [] } = await streams.client.send(new ListStreamsCommand({ TableName: 'orders' }));
  return found.map(({ StreamArn }) => StreamArn);
}
