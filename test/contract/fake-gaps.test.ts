/**
 * O10: what the source no longer has is told, once, and nothing that is still there, or was never there, is told as
 * missing. The numbers are those of the cases that other consumers have failed at.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Position } from '../../contracts/event/position.ts';
import { SourceUnavailableError } from '../../sources/errors.ts';
import { openSource } from '../../sources/open.ts';
import type { Page, ShardCursor, Source, SourceRecord } from '../../sources/source.ts';
import { FakeAws, type FakeTable, faults } from '../support/fake-aws/index.ts';
import { never, readRecords, useEmulatorEnvironment } from './source.contract.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 86_400_000;
const MANNERS = ['refused', 'horizon', 'emptyPages'] as const;

type Placed = Pick<Position, 'shardId'>;

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
  beforeEach(() => {
    fake.createStream('orders');
    source = openSource(
      { kind: 'kinesis', stream: 'orders', endpoint: fake.endpoint },
      { now: () => fake.clock.now() },
    );
  });

  describe.each(MANNERS)('when a start that was trimmed is answered by: %s', (trimmedStart) => {
    beforeEach(() => {
      fake.manners.trimmedStart = trimmedStart;
    });

    test('case 14: a checkpoint older than the horizon is one gap, and reading goes on at the horizon', async () => {
      const { shardId, position } = await readOne();
      put('lost');
      fake.clock.advance(DAY);
      put('new', 'newer');
      fake.clock.advance(1);
      const pages = await read(source.openShard(shardId, { at: 'after', position }), 3);
      expect(textsOf(pages)).toEqual(['new', 'newer']);
      expect(gapsOf(pages)).toEqual([{ after: position, until: pages.flatMap(({ records }) => records)[0]!.position }]);
    });

    test('a record that was trimmed is not there any more, whatever came after it', async () => {
      const { position } = await readOne();
      expect(await source.recordAt(position, never)).toMatchObject({ position });
      fake.clock.advance(DAY + 1);
      expect(await source.recordAt(position, never)).toBeUndefined();
      put('new');
      fake.clock.advance(1);
      expect(await source.recordAt(position, never)).toBeUndefined();
    });

    test('case 14: the gap waits for the first record that comes behind it', async () => {
      const { shardId, position } = await readOne();
      fake.clock.advance(DAY + 1);
      const cursor = source.openShard(shardId, { at: 'after', position });
      const waiting = await read(cursor, 3);
      expect(gapsOf(waiting)).toEqual([]);
      // Whoever takes over now must find the gap too.
      for (const page of waiting) expect(page).not.toHaveProperty('consumedUntil');
      put('new');
      const pages = await read(cursor, 3);
      expect(textsOf(pages)).toEqual(['new']);
      expect(gapsOf(pages)).toMatchObject([{ after: position }]);
    });

    test('case 15: a shard that was idle for longer than the retention has no gap, for who stayed at its tip', async () => {
      const { shardId, position } = await readOne();
      const cursor = source.openShard(shardId, { at: 'after', position });
      const pages: Page[] = [];
      // Every iterator is dead by the next read.
      for (let hours = 0; hours < 50; hours += 1) {
        pages.push(...(await read(cursor, 1)));
        fake.clock.advance(60 * MINUTE);
      }
      put('new');
      pages.push(...(await read(cursor, 2)));
      expect(textsOf(pages)).toEqual(['new']);
      expect(gapsOf(pages)).toEqual([]);
    });

    test('case 15: nor for who takes over from one that stayed at its tip', async () => {
      const { shardId, position } = await readOne();
      fake.clock.advance(3 * DAY);
      const consumedUntil = fake.clock.now() - MINUTE;
      put('new');
      const pages = await read(source.openShard(shardId, { at: 'after', position, consumedUntil }), 3);
      expect(textsOf(pages)).toEqual(['new']);
      expect(gapsOf(pages)).toEqual([]);
      expect(pages.at(-1)).toMatchObject({ lagMs: 0, consumedUntil: fake.clock.now() });
    });

    test('case 14: it is a gap for who was at its tip too long ago', async () => {
      const { shardId, position } = await readOne();
      const consumedUntil = fake.clock.now();
      put('lost');
      fake.clock.advance(DAY + 1);
      put('new');
      const pages = await read(source.openShard(shardId, { at: 'after', position, consumedUntil }), 3);
      expect(gapsOf(pages)).toMatchObject([{ after: position }]);
    });

    test('case 14: behind a longer retention there is no gap before it is over', async () => {
      fake.stream('orders').retentionMs = 7 * DAY;
      const { shardId, position } = await readOne();
      put('kept');
      fake.clock.advance(6 * DAY);
      const pages = await read(source.openShard(shardId, { at: 'after', position }), 2);
      expect(textsOf(pages)).toEqual(['kept']);
      expect(gapsOf(pages)).toEqual([]);
    });

    test('case 14: a checkpoint that is about to be trimmed is no gap yet, and nothing comes twice', async () => {
      const { shardId, position } = await readOne();
      put('kept');
      fake.clock.advance(DAY);
      fake.faults.add({ operation: 'GetRecords', times: 2, fault: faults.emptyPage });
      const pages = await read(source.openShard(shardId, { at: 'after', position }), 4);
      expect(textsOf(pages)).toEqual(['kept']);
      expect(gapsOf(pages)).toEqual([]);
    });
  });

  test('case 14: what is trimmed while a cursor waits before it is a gap', async () => {
    const { shardId, position } = await readOne();
    put('lost');
    fake.clock.advance(DAY - MINUTE);
    const cursor = source.openShard(shardId, { at: 'after', position });
    fake.faults.add({ operation: 'GetRecords', times: 2, fault: faults.emptyPage });
    expect(textsOf(await read(cursor, 1))).toEqual([]);
    fake.clock.advance(2 * MINUTE);
    put('new');
    const pages = await read(cursor, 3);
    expect(textsOf(pages)).toEqual(['new']);
    expect(gapsOf(pages)).toMatchObject([{ after: position }]);
  });

  test.each(MANNERS)('case 14: what is trimmed under a living iterator is a gap: %s', async (trimmedStart) => {
    fake.manners.trimmedStart = trimmedStart;
    // The page that it is in has no room for another record.
    const [{ shardId }] = fake
      .stream('orders')
      .put({ key: 'key', data: new Uint8Array(10 * 1024 * 1024) }) as unknown as [Placed];
    fake.clock.advance(MINUTE);
    put('lost');
    fake.clock.advance(DAY - 2 * MINUTE);
    const cursor = source.openShard(shardId, { at: 'horizon' });
    const [first] = await read(cursor, 1);
    expect(first!.records).toHaveLength(1);
    fake.clock.advance(3 * MINUTE);
    put('new');
    const pages = await read(cursor, 2);
    expect(textsOf(pages)).toEqual(['new']);
    expect(gapsOf(pages)).toMatchObject([{ after: first!.records[0]!.position }]);
  });

  test('case 13: a checkpoint in a shard that has expired is the end of that shard, with a gap', async () => {
    const { shardId, position } = await readOne();
    fake.stream('orders').split(shardId);
    fake.clock.advance(DAY + 1);
    const page = await source.openShard(shardId, { at: 'after', position }).next(never);
    expect(page).toEqual({ records: [], ended: true, gap: { after: position } });
  });

  test('case 13: two generations have expired; the shard that was never read ends with a gap too', async () => {
    const stream = fake.stream('orders');
    const [first] = stream.openShards;
    stream.split(first!);
    const [low, high] = stream.openShards;
    stream.merge(low!, high!);
    fake.clock.advance(DAY + 1);
    for (const shardId of [first!, low!, high!]) {
      const cursor = source.openShard(shardId, { at: 'horizon' });
      expect(await cursor.next(never)).toEqual({ records: [], ended: true, gap: {} });
      expect(await cursor.next(never)).toEqual({ records: [], ended: true });
    }
  });

  test('case 13: a shard that expires under a living iterator ends with a gap: what came after its last page is not known (fault I3)', async () => {
    const { shardId, position } = await readOne();
    fake.clock.advance(DAY - MINUTE);
    const cursor = source.openShard(shardId, { at: 'after', position, consumedUntil: fake.clock.now() });
    await cursor.next(never);
    fake.stream('orders').split(shardId);
    fake.clock.advance(DAY + 1);
    fake.faults.add({ operation: 'GetRecords', fault: faults.notFound });
    expect(await cursor.next(never)).toEqual({ records: [], ended: true, gap: { after: position } });
  });

  test('case 4: a shard that is not found, and that a listing lacks which may be too old, is asked again', async () => {
    const { shardId } = await readOne();
    fake.stream('orders').split(shardId);
    const child = fake.stream('orders').openShards.at(-1)!;
    fake.stream('orders').put({ key: 'key', data: 'child', explicitHashKey: String(2n ** 128n - 1n) });
    fake.faults.add({ operation: 'GetShardIterator', fault: faults.notFound });
    fake.faults.add({ operation: 'ListShards', fault: faults.omitting(child) });
    const cursor = source.openShard(child, { at: 'horizon' });
    await expect(cursor.next(never)).rejects.toThrow(SourceUnavailableError);
    expect(textsOf(await read(cursor, 1))).toEqual(['child']);
  });

  test('a shard that is not found although it is listed is asked again', async () => {
    const { shardId } = await readOne();
    fake.faults.add({ operation: 'GetShardIterator', fault: faults.notFound });
    const cursor = source.openShard(shardId, { at: 'horizon' });
    await expect(cursor.next(never)).rejects.toThrow(/is listed as open/);
    expect(textsOf(await read(cursor, 1))).toEqual(['one']);
  });

  test('case 16: an absent iterator without child shards is an answer cut short, not yet the end', async () => {
    const { shardId, position } = await readOne();
    fake.faults.add({ operation: 'GetRecords', shardId, fault: faults.childless });
    fake.manners.nullIteratorWithLastRecords = true;
    put('last');
    fake.stream('orders').split(shardId);
    const pages = await toEnd(source.openShard(shardId, { at: 'after', position }));
    expect(textsOf(pages)).toEqual(['last']);
    expect(pages.map(({ ended }) => ended)).toEqual([false, true]);
    expect(fake.calls('ListShards')).toEqual([]);
  });

  test('case 16: where child shards never come, the listing says that the shard is closed', async () => {
    const { shardId, position } = await readOne();
    fake.stream('orders').split(shardId);
    fake.faults.add({ operation: 'GetRecords', times: Infinity, fault: faults.childless });
    const cursor = source.openShard(shardId, { at: 'after', position });
    expect((await toEnd(cursor)).length).toBeLessThan(5);
  });

  test('case 16: while the listing says that the shard is open it has not ended', async () => {
    const { shardId, position } = await readOne();
    fake.stream('orders').split(shardId);
    fake.faults.add({ operation: 'GetRecords', times: Infinity, fault: faults.childless });
    const listedOpen = fake.faults.add({ operation: 'ListShards', times: Infinity, fault: faults.stillOpen(shardId) });
    const cursor = source.openShard(shardId, { at: 'after', position });
    expect((await read(cursor, 8)).map(({ ended }) => ended)).not.toContain(true);
    listedOpen();
    expect((await toEnd(cursor)).at(-1)).toMatchObject({ records: [], ended: true });
  });

  async function readOne(): Promise<{ shardId: string; position: Position }> {
    const [placement] = put('one');
    const { shardId } = placement!;
    const [record] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 1);
    return { shardId, position: record!.position };
  }

  function put(...texts: string[]) {
    return fake.stream('orders').put(...texts.map((data) => ({ key: 'key', data })));
  }
});

describe('DynamoDB Streams', () => {
  let table: FakeTable;
  let writes = 0;

  beforeEach(() => {
    table = fake.createTable('orders', { rollEveryMs: Infinity });
    source = openSource(
      { kind: 'dynamodb', table: 'orders', endpoint: fake.endpoint },
      { now: () => fake.clock.now() },
    );
  });

  test('a record that was trimmed is not there any more', async () => {
    const { position } = await readOne();
    expect(await source.recordAt(position, never)).toMatchObject({ position });
    fake.clock.advance(DAY + 1);
    expect(await source.recordAt(position, never)).toBeUndefined();
    put();
    expect(await source.recordAt(position, never)).toBeUndefined();
  });

  test('case 14: a checkpoint older than the horizon is one gap, and reading goes on at the horizon', async () => {
    const { shardId, position } = await readOne();
    put();
    fake.clock.advance(DAY);
    put();
    fake.clock.advance(1);
    const pages = await read(source.openShard(shardId, { at: 'after', position }), 3);
    expect(pages.flatMap(({ records }) => records)).toHaveLength(1);
    expect(gapsOf(pages)).toEqual([{ after: position, until: pages.flatMap(({ records }) => records)[0]!.position }]);
  });

  test('case 15: an open shard that was idle for longer than the retention goes on, for who stayed with it', async () => {
    const { shardId, position } = await readOne();
    const cursor = source.openShard(shardId, { at: 'after', position });
    const pages: Page[] = [];
    for (let minutes = 0; minutes < 26 * 60; minutes += 10) {
      pages.push(...(await read(cursor, 1)));
      fake.clock.advance(10 * MINUTE);
    }
    put();
    pages.push(...(await read(cursor, 1)));
    expect(pages.flatMap(({ records }) => records)).toHaveLength(1);
    expect(gapsOf(pages)).toEqual([]);
  });

  test('case 13: a checkpoint in a shard that has expired is the end of that shard, with a gap', async () => {
    const { shardId, position } = await readOne();
    table.roll();
    fake.clock.advance(DAY + 1);
    const page = await source.openShard(shardId, { at: 'after', position }).next(never);
    expect(page).toEqual({ records: [], ended: true, gap: { after: position } });
  });

  test('case 4: a young shard that is not found and not listed is asked again', async () => {
    const { shardId } = await readOne();
    const [child] = table.roll(shardId);
    put();
    fake.faults.add({ operation: 'GetShardIterator', fault: faults.notFound });
    fake.faults.add({ operation: 'DescribeStream', where: () => true, times: 2, fault: faults.omitting(child!) });
    const cursor = source.openShard(child!, { at: 'horizon' });
    await expect(cursor.next(never)).rejects.toThrow(SourceUnavailableError);
    expect((await read(cursor, 1))[0]!.records).toHaveLength(1);
  });

  async function readOne(): Promise<{ shardId: string; position: Position }> {
    const { shardId } = put();
    const [record] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 1);
    return { shardId, position: record!.position };
  }

  function put() {
    writes += 1;
    return table.put({ id: { S: 'a' } }, { n: { N: String(writes) } })!;
  }
});

async function read(cursor: ShardCursor, count: number): Promise<Page[]> {
  const pages: Page[] = [];
  while (pages.length < count) pages.push(await cursor.next(never));
  return pages;
}

async function toEnd(cursor: ShardCursor): Promise<Page[]> {
  const pages = await read(cursor, 1);
  while (!pages.at(-1)!.ended) pages.push(await cursor.next(never));
  return pages;
}

function gapsOf(pages: readonly Page[]) {
  return pages.flatMap(({ gap }) => gap ?? []);
}

function textsOf(pages: readonly Page[]): string[] {
  return pages.flatMap(({ records }) => records).map(({ data }: SourceRecord) => Buffer.from(data).toString());
}
