/**
 * What the fake has found in the sources and nobody has mended yet. Each of these fails today, which is what
 * `test.fails` says; the one who mends it takes `.fails` away, and moves the test to those of its kind.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSource } from '../../sources/open.ts';
import type { Source } from '../../sources/source.ts';
import { FakeAws, faults } from '../support/fake-aws/index.ts';
import { never, readRecords, useEmulatorEnvironment } from './source.contract.ts';

const MINUTE = 60_000;
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
  beforeEach(() => {
    fake.createStream('orders');
    source = openSource({ kind: 'kinesis', stream: 'orders', endpoint: fake.endpoint });
  });

  // Trap 14: AWS is reported to answer such a start in three ways. Refused, it is a gap; these two are silent.
  test.fails.each(['horizon', 'emptyPages'] as const)(
    'O10: a checkpoint that has been trimmed is a gap when AWS gives the iterator: %s',
    async (trimmedStart) => {
      fake.manners.trimmedStart = trimmedStart;
      const { shardId, record } = await readOne();
      put('lost');
      fake.clock.advance(DAY);
      put('new');
      fake.clock.advance(1);
      const cursor = source.openShard(shardId, { at: 'after', position: record.position });
      const pages = [await cursor.next(never), await cursor.next(never), await cursor.next(never)];
      expect(pages.flatMap(({ gap }) => gap ?? [])).toEqual([{ after: record.position }]);
      expect(pages.flatMap(({ records }) => records)).toHaveLength(1);
    },
  );

  // DynamoDB Streams refuses the iterator then; Kinesis goes on at the horizon and says nothing.
  test.fails('O10: what is trimmed while a cursor waits before it is a gap', async () => {
    const { shardId, record } = await readOne();
    put('lost');
    fake.clock.advance(DAY - MINUTE);
    const cursor = source.openShard(shardId, { at: 'after', position: record.position });
    fake.faults.add({ operation: 'GetRecords', fault: faults.emptyPage });
    await cursor.next(never);
    fake.clock.advance(2 * MINUTE);
    put('new');
    const page = await cursor.next(never);
    expect(page.records).toHaveLength(1);
    expect(page.gap).toEqual({ after: record.position });
  });

  // Trap 13: now it asks a person to create the shard again. The children cannot start for as long.
  test.fails('O10: a checkpoint in a shard that has expired is the end of that shard, with a gap', async () => {
    const { shardId, record } = await readOne();
    fake.stream('orders').split(shardId);
    fake.clock.advance(DAY + 1);
    const page = await source.openShard(shardId, { at: 'after', position: record.position }).next(never);
    expect(page).toEqual({ records: [], ended: true, gap: { after: record.position } });
  });

  // Trap 16. KCL asks again; what has no ChildShards at all (kinesalite) must not be asked for ever.
  test.fails('an absent iterator without child shards is an answer cut short, not yet the end', async () => {
    const { shardId, record } = await readOne();
    fake.stream('orders').split(shardId);
    fake.faults.add({ operation: 'GetRecords', fault: faults.childless });
    const asked = fake.calls('GetRecords').length;
    const cursor = source.openShard(shardId, { at: 'after', position: record.position });
    for (let ended = false; !ended;) ({ ended } = await cursor.next(never));
    expect(fake.calls('GetRecords').length - asked).toBeGreaterThan(1);
  });

  async function readOne() {
    const shardId = put('one');
    const [record] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 1);
    return { shardId, record: record! };
  }

  function put(data: string): string {
    return fake.stream('orders').put({ key: 'key', data })[0]!.shardId;
  }
});

describe('DynamoDB Streams', () => {
  const item = { id: { S: 'a' } };

  beforeEach(() => {
    fake.createTable('orders');
    source = openSource({ kind: 'dynamodb', table: 'orders', endpoint: fake.endpoint });
  });

  // Trap 13, as above.
  test.fails('O10: a checkpoint in a shard that has expired is the end of that shard, with a gap', async () => {
    const table = fake.table('orders');
    const { shardId } = table.put(item)!;
    const [record] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 1);
    table.roll();
    fake.clock.advance(DAY + 1);
    const page = await source.openShard(shardId, { at: 'after', position: record!.position }).next(never);
    expect(page).toEqual({ records: [], ended: true, gap: { after: record!.position } });
  });

  // Now a process that starts after that binds itself to the new stream, and what is left of the old one is lost.
  test.fails(
    'O4: a stream that was enabled anew is read when the one before has been, which is listed first',
    async () => {
      const table = fake.table('orders');
      const { shardId } = table.put(item)!;
      table.disableStream();
      fake.clock.advance(MINUTE);
      table.enableStream();
      expect((await source.listShards(never)).map((shard) => shard.shardId)).toContain(shardId);
    },
  );
});
