/** Streams of a table that are disabled and enabled anew: case 7, and the order of an item's changes over that (O1, O2). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Change, readChange, type StreamRecordJson } from '../../contracts/public/change.ts';
import type { ShardInfo } from '../../contracts/pipeline/shards.ts';
import { SourceConfigurationError } from '../../sources/errors.ts';
import { openSource } from '../../sources/open.ts';
import type { Source, SourceRecord } from '../../sources/source.ts';
import { FakeAws, type FakeTable, faults } from '../support/fake-aws/index.ts';
import { never, readRecords, readToEnd, useEmulatorEnvironment } from './source.contract.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

let fake: FakeAws;
let table: FakeTable;
let source: Source;

beforeEach(async () => {
  useEmulatorEnvironment();
  fake = await FakeAws.start();
  table = fake.createTable('orders', { shards: 2 });
  source = open();
});
afterEach(async () => {
  source.close();
  await fake.stop();
});

describe('case 7: a stream that is disabled', () => {
  test('is listed with all of its shards closed, and read to their ends; nothing fails', async () => {
    const { shardId } = table.put({ id: { S: 'a' } }, { text: { S: '1' } })!;
    table.disableStream();
    const shards = await source.listShards(never);
    expect(shards.map(({ closed }) => closed)).toEqual([true, true]);
    expect((await readToEnd(source.openShard(shardId, { at: 'horizon' }))).map(textOf)).toEqual(['1']);
    expect(await source.listShards(never)).toEqual(shards);
  });

  test('has its open shards listed as closed, whatever the listing says of their numbers', async () => {
    table.disableStream();
    fake.faults.add({ operation: 'DescribeStream', fault: faults.stillOpen() });
    expect((await source.listShards(never)).map(({ closed }) => closed)).toEqual([true, true]);
  });

  test('and has been gone for so long that the table has no stream is for a person to look at', async () => {
    table.disableStream();
    fake.clock.advance(DAY + 1);
    await expect(source.listShards(never)).rejects.toThrow(SourceConfigurationError);
    await expect(source.listShards(never)).rejects.toThrow(/has no stream/);
  });
});

describe('O1 O2 a stream that is enabled anew', () => {
  test('begins with children of the shards at which the one before ended', async () => {
    const [first, second] = table.openShards;
    const [rolled] = table.roll(first);
    reenable();
    const [third, fourth] = table.openShards;
    const [latest] = table.roll(third);
    const ends = [second!, rolled!].toSorted();
    expect(parentsOf(await source.listShards(never))).toEqual({
      [first!]: [],
      [second!]: [],
      [rolled!]: [first],
      [third!]: ends,
      [fourth!]: ends,
      [latest!]: [third],
    });
  });

  test('has an item read in the order of its changes, over three streams', async () => {
    const texts = ['1', '2', '3', '4', '5', '6'];
    for (const [index, text] of texts.entries()) {
      table.put({ id: { S: 'a' } }, { text: { S: text } });
      if (index % 2 === 1) reenable();
    }
    expect((await drain(await source.listShards(never))).map(textOf)).toEqual(texts);
  });

  test('is read by a process that has listed nothing yet', async () => {
    const { shardId } = table.put({ id: { S: 'a' } }, { text: { S: 'old' } })!;
    reenable();
    const later = table.put({ id: { S: 'a' } }, { text: { S: 'new' } })!;
    for (const [id, text] of [
      [shardId, 'old'],
      [later.shardId, 'new'],
    ] as const) {
      const fresh = open();
      expect((await readRecords(fresh.openShard(id, { at: 'horizon' }), 1)).map(textOf)).toEqual([text]);
      fresh.close();
    }
  });

  test('is found by a process that knows the stream before only', async () => {
    await source.listShards(never);
    reenable();
    const { shardId } = table.put({ id: { S: 'a' } }, { text: { S: 'new' } })!;
    const cursor = source.openShard(shardId, { at: 'horizon' });
    // Asked in the old stream first; the listing tells, and the next try is right.
    await expect(cursor.next(never)).rejects.toThrow(/is listed/);
    expect((await readRecords(cursor, 1)).map(textOf)).toEqual(['new']);
  });

  test('is without parents when the one before has gone; a checkpoint in that ends its shard with a gap', async () => {
    const { shardId } = table.put({ id: { S: 'a' } }, { text: { S: '1' } })!;
    const [record] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 1);
    reenable();
    const roots = table.openShards;
    fake.clock.advance(DAY + 1);
    const shards = await source.listShards(never);
    expect(shards.find((shard) => shard.shardId === roots[0])?.parents).toEqual([]);
    const page = await source.openShard(shardId, { at: 'after', position: record!.position }).next(never);
    expect(page).toEqual({ records: [], ended: true, gap: { after: record!.position } });
  });

  test('is listed when the day of the one before ends in the middle of a listing', async () => {
    reenable();
    fake.faults.add({ operation: 'DescribeStream', fault: faults.notFound });
    expect((await source.listShards(never)).map(({ shardId }) => shardId)).toEqual(table.openShards);
  });
});

test.each([
  ['KEYS_ONLY', {}],
  ['NEW_IMAGE', { newImage: { id: 'a', at: 7, text: '2' } }],
  ['OLD_IMAGE', { oldImage: { id: 'a', at: 7, text: '1' } }],
  ['NEW_AND_OLD_IMAGES', { newImage: { id: 'a', at: 7, text: '2' }, oldImage: { id: 'a', at: 7, text: '1' } }],
] as const)('the key comes from Keys, whatever else the view has: %s', async (viewType, images) => {
  const viewed = fake.createTable('viewed', { range: 'at', viewType });
  const reader = openSource({ kind: 'dynamodb', table: 'viewed', endpoint: fake.endpoint });
  const key = { id: { S: 'a' }, at: { N: '7' } };
  viewed.put(key, { text: { S: '1' } });
  viewed.put(key, { text: { S: '2' } });
  const [shard] = await reader.listShards(never);
  const [, modified] = await readRecords(reader.openShard(shard!.shardId, { at: 'horizon' }), 2);
  expect(modified?.partitionKey).toBe('a|7');
  expect(changeOf(modified!)).toEqual({ name: 'MODIFY', keys: { id: 'a', at: 7 }, ...images, expired: false });
  reader.close();
});

function open(): Source {
  return openSource({ kind: 'dynamodb', table: 'orders', endpoint: fake.endpoint }, { now: () => fake.clock.now() });
}

function reenable(): void {
  table.disableStream();
  fake.clock.advance(MINUTE);
  table.enableStream();
}

/** Everything, each shard when its parents have been read. The last stream's shards are read to their tip. */
async function drain(shards: readonly ShardInfo[]): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  const done = new Set<string>();
  while (done.size < shards.length) {
    for (const { shardId, parents, closed } of shards.toReversed()) {
      if (done.has(shardId) || !parents.every((parent) => done.has(parent))) continue;
      const cursor = source.openShard(shardId, { at: 'horizon' });
      records.push(...(closed ? await readToEnd(cursor) : (await cursor.next(never)).records));
      done.add(shardId);
    }
  }
  return records;
}

function parentsOf(shards: readonly ShardInfo[]): Record<string, readonly string[]> {
  return Object.fromEntries(shards.map(({ shardId, parents }) => [shardId, parents.toSorted()]));
}

function changeOf({ data }: SourceRecord): Change {
  return readChange(JSON.parse(Buffer.from(data).toString()) as StreamRecordJson);
}

function textOf(record: SourceRecord): unknown {
  return changeOf(record).newImage?.['text'];
}
