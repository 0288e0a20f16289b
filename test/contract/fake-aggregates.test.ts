/** Records that the Kinesis Producer Library packed: case 22, large records, and the pace that AWS asks for. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KinesisSource } from '../../sources/kinesis/kinesis-source.ts';
import type { Page, ShardCursor, Source } from '../../sources/source.ts';
import { FakeAws, type FakeKinesisStream, faults } from '../support/fake-aws/index.ts';
import { aggregate } from '../unit/sources/kinesis/aggregate-encoder.ts';
import { failureOf, never, readRecords, useEmulatorEnvironment } from './source.contract.ts';

const MIB = 1024 * 1024;
/** By the MD5 of their names, one of each half of the hash keys. */
const LOW = 'a';
const HIGH = 'b';

let fake: FakeAws;
let stream: FakeKinesisStream;
let source: Source;
let shardId: string;

beforeEach(async () => {
  useEmulatorEnvironment();
  fake = await FakeAws.start();
  stream = fake.createStream('orders', { shards: 2 });
  source = new KinesisSource({ kind: 'kinesis', stream: 'orders', endpoint: fake.endpoint });
  shardId = stream.put({ key: LOW, data: 'first' })[0]!.shardId;
});
afterEach(async () => {
  source.close();
  await fake.stop();
});

describe('case 22: an aggregate', () => {
  test('comes as its user records, with their keys, each at a position of its own', async () => {
    const sequenceNumber = putAggregate([LOW, 'one'], [LOW, 'two']);
    const records = await readRecords(source.openShard(shardId, { at: 'horizon' }), 3);
    expect(records.slice(1).map(({ partitionKey, position }) => ({ partitionKey, position }))).toEqual([
      { partitionKey: LOW, position: { shardId, sequenceNumber, subSequenceNumber: 0 } },
      { partitionKey: LOW, position: { shardId, sequenceNumber, subSequenceNumber: 1 } },
    ]);
    expect(textsOf({ records })).toEqual(['first', 'one', 'two']);
  });

  test.each([0, 1, 2])('O4 O6: that was cut at %i goes on behind that, without repeat, loss or gap', async (sub) => {
    const sequenceNumber = putAggregate([LOW, '0'], [LOW, '1'], [LOW, '2']);
    stream.put({ key: LOW, data: 'next' });
    const position = { shardId, sequenceNumber, subSequenceNumber: sub };
    const page = await source.openShard(shardId, { at: 'after', position }).next(never);
    expect(textsOf(page)).toEqual([...['0', '1', '2'].slice(sub + 1), 'next']);
    expect(page).not.toHaveProperty('gap');
  });

  test.each([0, 2])('has the record at %i by its sub-sequence number', async (sub) => {
    const sequenceNumber = putAggregate([LOW, '0'], [LOW, '1'], [LOW, '2']);
    const record = await source.recordAt({ shardId, sequenceNumber, subSequenceNumber: sub }, never);
    expect(textsOf({ records: record === undefined ? [] : [record] })).toEqual([String(sub)]);
    expect(await source.recordAt({ shardId, sequenceNumber, subSequenceNumber: 3 }, never)).toBeUndefined();
  });

  test('that was read as one record by an earlier version is not read again in parts', async () => {
    const sequenceNumber = putAggregate([LOW, '0'], [LOW, '1']);
    stream.put({ key: LOW, data: 'next' });
    const page = await source.openShard(shardId, { at: 'after', position: { shardId, sequenceNumber } }).next(never);
    expect(textsOf(page)).toEqual(['next']);
  });

  test('O4: with a record of another shard: it is delivered and counted, once', async () => {
    const sequenceNumber = putAggregate([LOW, '0'], [HIGH, 'stray'], [LOW, '2'], [HIGH, 'another']);
    const page = await source.openShard(shardId, { at: 'horizon' }).next(never);
    expect(textsOf(page)).toEqual(['first', '0', 'stray', '2', 'another']);
    expect(page.misrouted).toBe(2);
    const position = { shardId, sequenceNumber, subSequenceNumber: 1 };
    expect(await source.openShard(shardId, { at: 'after', position }).next(never)).toMatchObject({ misrouted: 1 });
  });

  test('O8: that is broken is a plain record, and nobody asks for the range of the shard twice', async () => {
    const broken = Buffer.from(aggregate([{ partitionKey: LOW, data: Buffer.from('x') }]));
    broken[broken.length - 1]! ^= 1;
    stream.put({ key: LOW, data: broken });
    putAggregate([LOW, 'whole']);
    const page = await source.openShard(shardId, { at: 'horizon' }).next(never);
    expect(page.records[1]).toMatchObject({ partitionKey: LOW, data: new Uint8Array(broken) });
    expect(page.records[1]!.position).not.toHaveProperty('subSequenceNumber');
    expect(page).not.toHaveProperty('misrouted');
    await source.openShard(shardId, { at: 'horizon' }).next(never);
    expect(fake.calls('ListShards')).toHaveLength(1);
  });

  test('O4: is read again when the listing that should tell the range of the shard fails', async () => {
    putAggregate([LOW, 'one']);
    fake.faults.add({ operation: 'ListShards', times: 3, fault: faults.internalError });
    const cursor = source.openShard(shardId, { at: 'horizon' });
    await failureOf(cursor.next(never));
    expect(textsOf(await cursor.next(never))).toEqual(['first', 'one']);
  });
});

describe('the pace of AWS', () => {
  test('a record of 10 MiB is read, and the page says how long AWS wants to be left alone', async () => {
    stream.put({ key: LOW, data: new Uint8Array(10 * MIB) }, { key: LOW, data: 'next' });
    fake.limits.enforced = true;
    const cursor = source.openShard(shardId, { at: 'horizon' });
    const sizes: number[] = [];
    for (let reads = 0; reads < 3; reads += 1) {
      const page = await cursor.next(never);
      sizes.push(...page.records.map(({ data }) => data.length));
      fake.clock.advance(Math.max(source.pace.minIntervalMs, page.restMs ?? 0));
    }
    expect(sizes).toEqual([5, 10 * MIB, 4]);
  });

  test('no read is throttled at the pace of the source, over many pages', async () => {
    fake.limits.enforced = true;
    const cursor = source.openShard(shardId, { at: 'horizon' });
    const sizes = [10 * MIB, 0.3 * MIB, 0.3 * MIB, 3 * MIB, 0, 2 * MIB];
    for (let reads = 0; reads < 30; reads += 1) {
      stream.put({ key: LOW, data: new Uint8Array(sizes[reads % sizes.length]!) });
      const { restMs = 0 } = await cursor.next(never);
      fake.clock.advance(Math.max(source.pace.minIntervalMs, restMs));
    }
    expect(fake.calls('GetRecords')).toHaveLength(30);
  });
});

test('case 23: one key in two shards, by an explicit hash key, is read from both', async () => {
  const [other] = stream.put({ key: LOW, data: 'elsewhere', explicitHashKey: String(2n ** 128n - 1n) });
  expect(other!.shardId).not.toBe(shardId);
  const cursors: ShardCursor[] = [shardId, other!.shardId].map((id) => source.openShard(id, { at: 'horizon' }));
  const records = (await Promise.all(cursors.map((cursor) => cursor.next(never)))).flatMap((page) => page.records);
  expect(records.map(({ partitionKey }) => partitionKey)).toEqual([LOW, LOW]);
});

function putAggregate(...records: readonly [key: string, data: string][]): string {
  const data = aggregate(records.map(([partitionKey, text]) => ({ partitionKey, data: Buffer.from(text) })));
  return stream.put({ key: LOW, data })[0]!.sequenceNumber;
}

function textsOf({ records }: Pick<Page, 'records'>): string[] {
  return records.map(({ data }) => Buffer.from(data).toString());
}
