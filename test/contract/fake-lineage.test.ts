/**
 * The sources on shards that no emulator has: that roll, split and merge while they are read, on a clock that tests
 * move, with listings and pages at their worst. The numbers are those of the cases that other consumers fell into.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SourceUnavailableError } from '../../sources/errors.ts';
import { KinesisSource } from '../../sources/kinesis/kinesis-source.ts';
import { openSource } from '../../sources/open.ts';
import type { Page, ShardCursor, Source, SourceRecord } from '../../sources/source.ts';
import { FakeAws, type FakeKinesisStream, type FakeTable, faults } from '../support/fake-aws/index.ts';
import { never, readRecords, readToEnd, useEmulatorEnvironment } from './source.contract.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Empty pages in an open shard after which `drain` takes it for read. */
const TIP_AFTER = 12;

let fake: FakeAws;

beforeEach(async () => {
  useEmulatorEnvironment();
  fake = await FakeAws.start();
});
afterEach(() => fake.stop());

describe('Kinesis', () => {
  let stream: FakeKinesisStream;
  let source: Source;

  beforeEach(() => {
    stream = fake.createStream('orders', { shards: 2 });
    source = new KinesisSource({ kind: 'kinesis', stream: 'orders', endpoint: fake.endpoint }, { shardsPerPage: 3 });
  });
  afterEach(() => source.close());

  test('O2: through splits, merges and a new shard count every key is read in the order of its writes', async () => {
    fake.manners.emptyPage = everySecond();
    fake.manners.trailingEmptyPages = 1;
    const written = writer((key, data) => stream.put({ key, data }));
    written.write(40);
    stream.split(stream.openShards[0]!);
    written.write(40);
    stream.merge(stream.openShards[0]!, stream.openShards[1]!);
    written.write(40);
    stream.updateShardCount(3);
    stream.updateShardCount(4);
    written.write(40);
    stream.merge(stream.openShards[0]!, stream.openShards[1]!);
    expect(byKey(await drain(source), dataText)).toEqual(written.texts);
  });

  test('O2: whatever happens to the shards, every key is read in the order of its writes', async () => {
    let streams = 0;
    const kinds = ['write', 'write', 'write', 'split', 'merge', 'count', 'wait'] as const;
    await fc.assert(
      fc.asyncProperty(steps(kinds), behaviour, async (happened, manners) => {
        streams += 1;
        const name = `stream-${streams}`;
        stream = fake.createStream(name, { shards: 2 });
        const written = writer((key, data) => stream.put({ key, data }));
        const open = (pick: number) => stream.openShards[pick % stream.openShards.length]!;
        for (const { kind, pick } of happened) {
          const count = stream.openShards.length;
          if (kind === 'write') written.write(pick * 3);
          if (kind === 'split' && count < 9) stream.split(open(pick));
          if (kind === 'merge' && count > 1) stream.merge(open(pick % (count - 1)), open((pick % (count - 1)) + 1));
          if (kind === 'count') stream.updateShardCount(pick + 1);
          if (kind === 'wait') fake.clock.advance(pick * MINUTE);
        }
        const isRestart = behave(manners);
        const reader = new KinesisSource(
          { kind: 'kinesis', stream: name, endpoint: fake.endpoint },
          { shardsPerPage: 3 },
        );
        expect(byKey(await drain(reader, isRestart), dataText)).toEqual(written.texts);
        reader.close();
      }),
      { numRuns: 15 },
    );
  });

  test('a listing that repeats, reorders and shows an open parent beside its child (case 5)', async () => {
    const parent = stream.openShards[0]!;
    stream.split(parent);
    const truth = await source.listShards(never);
    fake.faults.add({ operation: 'ListShards', times: 2, fault: faults.repeating() });
    expect(sorted(await source.listShards(never))).toEqual(sorted(truth));
    fake.faults.add({ operation: 'ListShards', times: 2, fault: faults.reversed });
    expect(sorted(await source.listShards(never))).toEqual(sorted(truth));
    fake.faults.add({ operation: 'ListShards', times: 2, fault: faults.stillOpen(parent) });
    const shards = await source.listShards(never);
    expect(shards.find(({ shardId }) => shardId === parent)).toMatchObject({ closed: false });
    expect(shards.filter(({ parents }) => parents.includes(parent))).toHaveLength(2);
  });

  test('a page of a listing that fails fails the listing: it is never partial (case 4)', async () => {
    stream.split(stream.openShards[0]!);
    const where = ({ input }: { readonly input: { readonly NextToken?: string } }) => input.NextToken !== undefined;
    fake.faults.add({ operation: 'ListShards', where, times: 3, fault: faults.internalError });
    await expect(source.listShards(never)).rejects.toThrow(SourceUnavailableError);
    fake.faults.add({ operation: 'ListShards', where, fault: faults.expiredNextToken });
    expect(await source.listShards(never)).toHaveLength(4);
  });

  test('an iterator that has grown old while nobody read is made anew, without repeat or gap', async () => {
    const shardId = put('1');
    const cursor = source.openShard(shardId, { at: 'horizon' });
    expect(textsOf(await readRecords(cursor, 1))).toEqual(['1']);
    fake.clock.advance(6 * MINUTE);
    put('2');
    expect(textsOf(await readRecords(cursor, 1))).toEqual(['2']);
  });

  test('only the absent iterator ends a shard: not an empty page, not its ending number (cases 11, 17, 20)', async () => {
    const shardId = put('1');
    const [record] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 1);
    stream.split(shardId);
    fake.manners.trailingEmptyPages = 2;
    const cursor = source.openShard(shardId, { at: 'after', position: record!.position });
    const pages = await pagesToEnd(cursor);
    expect(pages.flatMap(({ records }) => records)).toEqual([]);
    // The one that proves the place, two that are empty, the last one.
    expect(pages.map(({ ended }) => ended)).toEqual([false, false, false, true]);
  });

  test('O10: a checkpoint older than the retention is a gap, told once (case 14)', async () => {
    const shardId = put('old');
    const [old] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 1);
    fake.clock.advance(DAY);
    put('new');
    fake.clock.advance(1);
    const cursor = source.openShard(shardId, { at: 'after', position: old!.position });
    const page = await cursor.next(never);
    expect(page).toMatchObject({ gap: { after: old!.position } });
    expect(textsOf(page.records)).toEqual(['new']);
  });

  test('reading that is throttled goes on when the limits allow it', async () => {
    const shardId = put('1');
    const cursor = source.openShard(shardId, { at: 'horizon' });
    fake.faults.add({ operation: 'GetRecords', fault: faults.fullPage });
    const page = await cursor.next(never);
    await expect(cursor.next(never)).rejects.toThrow(SourceUnavailableError);
    fake.clock.advance(5000);
    put('2');
    expect(textsOf([...page.records, ...(await cursor.next(never)).records])).toEqual(['1', '2']);
  });

  function put(data: string): string {
    return stream.put({ key: 'key', data })[0]!.shardId;
  }
});

describe('DynamoDB Streams', () => {
  let table: FakeTable;
  let source: Source;

  beforeEach(() => {
    table = fake.createTable('orders', { shards: 2 });
    source = openSource({ kind: 'dynamodb', table: 'orders', endpoint: fake.endpoint });
  });
  afterEach(() => source.close());

  test('O2: over the rolls of a day and splits every item is read in the order of its writes', async () => {
    fake.manners.emptyPage = everySecond();
    fake.manners.markerOnLastPage = true;
    const written = writer((key, text) => table.put({ id: { S: key } }, { text: { S: text } }));
    for (let hours = 0; hours < 20; hours += 2) {
      written.write(20);
      if (hours % 6 === 0) table.split(table.openShards[0]!);
      fake.clock.advance(2 * HOUR);
    }
    table.roll();
    expect(byKey(await drain(source), imageText)).toEqual(written.texts);
  });

  test('O2: whatever happens to the shards, every item is read in the order of its writes', async () => {
    let tables = 0;
    const kinds = ['write', 'write', 'write', 'split', 'roll', 'rollAll', 'wait'] as const;
    await fc.assert(
      fc.asyncProperty(steps(kinds), behaviour, async (happened, manners) => {
        tables += 1;
        const name = `table-${tables}`;
        table = fake.createTable(name, { shards: 2 });
        const written = writer((key, text) => table.put({ id: { S: key } }, { text: { S: text } }));
        const open = (pick: number) => table.openShards[pick % table.openShards.length]!;
        for (const { kind, pick } of happened) {
          if (kind === 'write') written.write(pick * 3);
          if (kind === 'split' && table.openShards.length < 9) table.split(open(pick));
          if (kind === 'roll') table.roll(open(pick));
          if (kind === 'rollAll') table.roll();
          // Of fourteen such waits the longest is shorter than a day.
          if (kind === 'wait') fake.clock.advance((pick * HOUR) / 5);
        }
        const isRestart = behave(manners);
        const reader = openSource({ kind: 'dynamodb', table: name, endpoint: fake.endpoint });
        expect(byKey(await drain(reader, isRestart), imageText)).toEqual(written.texts);
        reader.close();
      }),
      { numRuns: 15 },
    );
  });

  test('more shards than a page of the listing has (case 18)', async () => {
    fake.createTable('wide', { shards: 150 });
    const wide = openSource({ kind: 'dynamodb', table: 'wide', endpoint: fake.endpoint });
    fake.table('wide').roll();
    expect(await wide.listShards(never)).toHaveLength(300);
    wide.close();
  });

  test('a parent that is gone is still named by its child (case 3)', async () => {
    const [parent] = table.openShards;
    const [child] = table.roll(parent);
    fake.clock.advance(DAY + 1);
    const shards = await source.listShards(never);
    expect(shards.find(({ shardId }) => shardId === child)?.parents).toEqual([parent]);
    expect(shards.some(({ shardId }) => shardId === parent)).toBe(false);
  });

  test('O10: what is trimmed while a cursor waits before it is a gap, told once', async () => {
    table = fake.createTable('still', { rollEveryMs: Infinity });
    const still = openSource({ kind: 'dynamodb', table: 'still', endpoint: fake.endpoint });
    for (const n of ['1', '2']) table.put({ id: { S: 'a' } }, { text: { S: n } });
    const [shard] = await still.listShards(never);
    const [first] = await readRecords(still.openShard(shard!.shardId, { at: 'horizon' }), 1);
    fake.clock.advance(DAY - MINUTE);
    const cursor = still.openShard(shard!.shardId, { at: 'after', position: first!.position });
    fake.faults.add({ operation: 'GetRecords', fault: faults.emptyPage });
    expect((await cursor.next(never)).records).toEqual([]);
    fake.clock.advance(2 * MINUTE);
    table.put({ id: { S: 'a' } }, { text: { S: '3' } });
    const page = await cursor.next(never);
    expect(page.gap).toEqual({ after: first!.position, until: page.records[0]!.position });
    expect(page.records.map(imageText)).toEqual(['3']);
    still.close();
  });

  test('a start behind the last record of an empty tail ends (case 11)', async () => {
    const { shardId } = table.put({ id: { S: 'a' } })!;
    const [record] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 1);
    table.roll(shardId);
    expect(await readToEnd(source.openShard(shardId, { at: 'after', position: record!.position }))).toEqual([]);
  });
});

/** What happens to a stream: `pick` chooses the shard, or how much. */
const steps = (kinds: readonly [string, ...string[]]) =>
  fc.array(fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat({ max: 7 }) }), { maxLength: 14 });

/** How AWS behaves meanwhile, and when the reader begins anew at its last position. */
const behaviour = fc.record({
  trailingEmptyPages: fc.nat({ max: 2 }),
  nullIteratorWithLastRecords: fc.boolean(),
  emptyPages: fc.infiniteStream(fc.boolean()),
  restarts: fc.infiniteStream(fc.boolean()),
  listing: fc.constantFrom(faults.reversed, faults.repeating()),
});

/** Sets the fake to it. Returns when the reader begins anew. */
function behave({ emptyPages, restarts, listing, ...manners }: Behaviour): () => boolean {
  fake.faults.clear();
  for (const operation of ['ListShards', 'DescribeStream']) {
    fake.faults.add({ operation, times: Infinity, fault: listing });
  }
  Object.assign(fake.manners, manners, { emptyPage: () => emptyPages.next().value });
  return () => restarts.next().value;
}

type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never;

/** Reads everything up to the open shards' tips: a shard when all of its parents that are listed have ended. */
async function drain(source: Source, isRestart = () => false): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  const done = new Set<string>();
  const shards = await source.listShards(never);
  const listed = new Set(shards.map(({ shardId }) => shardId));
  while (done.size < shards.length) {
    const ready = shards.filter(
      ({ shardId, parents }) =>
        !done.has(shardId) && parents.every((parent) => done.has(parent) || !listed.has(parent)),
    );
    if (ready.length === 0) throw new Error('No shard can be read: the lineage goes round');
    for (const { shardId, closed } of ready) {
      let cursor = source.openShard(shardId, { at: 'horizon' });
      // Nothing tells the tip of an open shard: there may be as many empty pages in a row before it.
      for (let emptyPages = 0; ;) {
        const page = await cursor.next(never);
        records.push(...page.records);
        emptyPages = page.records.length === 0 ? emptyPages + 1 : 0;
        if (page.ended || (!closed && emptyPages === TIP_AFTER)) break;
        const last = page.records.at(-1);
        if (last !== undefined && isRestart()) {
          cursor = source.openShard(shardId, { at: 'after', position: last.position });
        }
      }
      done.add(shardId);
    }
  }
  return records;
}

async function pagesToEnd(cursor: ShardCursor): Promise<Page[]> {
  const pages = [await cursor.next(never)];
  while (!pages.at(-1)!.ended) pages.push(await cursor.next(never));
  return pages;
}

/** Writes numbered texts, ten keys in turn. */
function writer(put: (key: string, text: string) => unknown) {
  const texts: Record<string, string[]> = {};
  let count = 0;
  return {
    texts,
    write(records: number): void {
      for (const end = count + records; count < end; count += 1) {
        const key = `key-${count % 10}`;
        (texts[key] ??= []).push(`text-${count}`);
        put(key, `text-${count}`);
      }
    },
  };
}

function byKey(records: readonly SourceRecord[], textOf: (record: SourceRecord) => string): Record<string, string[]> {
  const texts: Record<string, string[]> = {};
  for (const record of records) (texts[record.partitionKey] ??= []).push(textOf(record));
  return texts;
}

function textsOf(records: readonly SourceRecord[]): string[] {
  return records.map(dataText);
}

function dataText({ data }: SourceRecord): string {
  return Buffer.from(data).toString();
}

function imageText({ data }: SourceRecord): string {
  const { dynamodb } = JSON.parse(Buffer.from(data).toString()) as {
    readonly dynamodb: { readonly NewImage: { readonly text: { readonly S: string } } };
  };
  return dynamodb.NewImage.text.S;
}

function sorted<T extends { readonly shardId: string }>(shards: readonly T[]): T[] {
  return shards.toSorted((a, b) => (a.shardId < b.shardId ? -1 : 1));
}

function everySecond(): () => boolean {
  let calls = 0;
  return () => {
    calls += 1;
    return calls % 2 === 1;
  };
}
