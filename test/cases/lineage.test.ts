/**
 * Which shard is read when: the cases in which readers of such streams have lost records or their order, by the numbers
 * of docs/lineage.md.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { faults } from '../support/fake-aws/index.ts';
import { SOURCES, startDynamodb, startKinesis, type CaseStream } from './case-stream.ts';
import { Reading, shardsOf } from './reading.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];

let stream: CaseStream;

afterEach(() => stream.close());

/** One record of each key. Returns their places, by key. */
function putAll(): string[] {
  return KEYS.map((key) => stream.put(key));
}

const hasAll = (reading: Reading, each: number) => () => KEYS.every((key) => reading.held(key).length === each);

function expectInOrder(reading: Reading, ...written: readonly (readonly string[])[]): void {
  for (const [index, key] of KEYS.entries()) expect(reading.held(key), key).toEqual(written.map((all) => all[index]));
}

const isIn = (reading: Reading, shards: readonly string[]) =>
  reading.lanes.requests.some((request) => shardsOf({ request }).some((shardId) => shards.includes(shardId)));

describe.each(SOURCES)('%s', (_name, start, manyShards) => {
  test('O2 case 1: no record of a child goes out before its parent has ended and its records are acknowledged', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    const first = putAll();
    stream.split(parent);
    const second = putAll();
    const reading = new Reading(stream);
    const release = reading.hold((arrival) => arrival.id === 'a');
    await reading.rounds(4);
    expect(reading.progress(parent)).toMatchObject({ read: KEYS.length, finished: false });
    expect(isIn(reading, stream.openShards)).toBe(false);
    release();
    await reading.until(hasAll(reading, 2));
    expectInOrder(reading, first, second);
  });

  test('O4 case 3: a child whose parent is gone from the source is read from its horizon, and waits for nobody', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    putAll();
    stream.split(parent);
    stream.fake.clock.advance(DAY + 1);
    const second = putAll();
    const reading = new Reading(stream);
    await reading.until(hasAll(reading, 1));
    expectInOrder(reading, second);
    expect(reading.state.shards).not.toHaveProperty([parent]);
  });

  test('O2 case 4: a parent that is missing from one listing only is not taken for gone', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    const first = putAll();
    stream.split(parent);
    const second = putAll();
    stream.fake.faults.add({
      operation: stream.listing,
      where: ({ input }) => input.NextToken === undefined,
      fault: faults.omitting(parent),
    });
    const reading = new Reading(stream);
    await reading.rounds(1);
    expect(stream.fake.faults.pending).toBe(0);
    expect(reading.lanes.requests).toEqual([]);
    await reading.until(hasAll(reading, 2));
    expectInOrder(reading, first, second);
  });

  test('O2 case 5: a parent that is listed as open beside its children is read to its end, before them', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    const first = putAll();
    stream.split(parent);
    const second = putAll();
    stream.fake.faults.add({ operation: stream.listing, times: Infinity, fault: faults.stillOpen(parent) });
    const reading = new Reading(stream);
    await reading.until(hasAll(reading, 2));
    expectInOrder(reading, first, second);
    expect(reading.isFinished(parent)).toBe(true);
  });

  test('O3 case 6: a closed shard whose children are not listed yet holds up no other, and they are found later', async () => {
    stream = await start({ shards: 2 });
    const [parent] = stream.openShards as [string];
    const first = putAll();
    stream.split(parent);
    const children = stream.openShards.slice(0, 2);
    const second = putAll();
    const found = stream.fake.faults.add({
      operation: stream.listing,
      times: Infinity,
      fault: faults.omitting(...children),
    });
    const reading = new Reading(stream);
    await reading.until(() => reading.isFinished(parent));
    const third = putAll();
    await reading.rounds(2);
    for (const [index, key] of KEYS.entries()) {
      const inChild = children.some((shardId) => second[index]!.startsWith(shardId));
      expect(reading.held(key)).toEqual(inChild ? [first[index]] : [first[index], second[index], third[index]]);
    }
    found();
    await reading.until(hasAll(reading, 3));
    expectInOrder(reading, first, second, third);
  });

  test('O4 case 8: behind a start at the latest record, children that appear while nobody reads are read whole', async () => {
    stream = await start();
    putAll();
    // DynamoDB tells times to the minute, so what lies less than that before the start may come too.
    stream.fake.clock.advance(2 * MINUTE);
    const reading = new Reading(stream, { at: 'time', since: stream.fake.clock.now() });
    await reading.rounds(1);
    const first = putAll();
    await reading.until(hasAll(reading, 1));
    // All has been read; now nobody does.
    reading.restart();
    stream.split(stream.openShards[0]!);
    const second = putAll();
    stream.split(stream.openShards[0]!);
    const third = putAll();
    stream.fake.clock.advance(3_600_000);
    await reading.until(hasAll(reading, 3));
    expectInOrder(reading, first, second, third);
  });

  test('O4 case 8: so are those that appear after the start, before the first record was read', async () => {
    stream = await start();
    putAll();
    // DynamoDB tells times to the minute, so what lies less than that before the start may come too.
    stream.fake.clock.advance(2 * MINUTE);
    const reading = new Reading(stream, { at: 'time', since: stream.fake.clock.now() });
    stream.split(stream.openShards[0]!);
    const first = putAll();
    stream.fake.clock.advance(1000);
    await reading.until(hasAll(reading, 1));
    expectInOrder(reading, first);
  });

  test('O2 O4 case 18: more shards than a page of the listing has are all read, and so are those that come later', async () => {
    stream = await start({ shards: manyShards });
    const written = Array.from({ length: 3 * manyShards }, (_, n) => [`key-${n}`, stream.put(`key-${n}`)] as const);
    const reading = new Reading(stream);
    await reading.until(() => written.every(([key]) => reading.held(key).length === 1));
    for (const shardId of stream.openShards.slice(0, 3)) stream.split(shardId);
    const later = written.map(([key]) => stream.put(key));
    await reading.until(() => written.every(([key]) => reading.held(key).length === 2));
    for (const [index, [key, first]] of written.entries()) expect(reading.held(key)).toEqual([first, later[index]]);
  });

  test('O3 case 19: beside shards that have been finished, the open ones are read at once, and only they', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    const first = putAll();
    const reading = new Reading(stream);
    stream.split(parent);
    await reading.until(() => reading.isFinished(parent));
    reading.restart();
    const second = putAll();
    const asked = stream.fake.calls().length;
    await reading.until(hasAll(reading, 2));
    expectInOrder(reading, first, second);
    const read = stream.fake
      .calls()
      .slice(asked)
      .filter(({ operation }) => operation.startsWith('Get'));
    expect(new Set(read.map(({ shardId }) => shardId))).toEqual(new Set(stream.openShards));
  });
});

test('O2 case 2: a merged shard waits for both of its parents (Kinesis)', async () => {
  const kinesis = await startKinesis({ shards: 2 });
  stream = kinesis;
  const [left, right] = stream.openShards as [string, string];
  const first = putAll();
  kinesis.stream.merge(left, right);
  const merged = stream.openShards;
  const second = putAll();
  const reading = new Reading(stream);
  const release = reading.hold((arrival) => shardsOf(arrival).includes(right));
  await reading.until(() => reading.isFinished(left));
  await reading.rounds(3);
  expect(reading.progress(right)).toMatchObject({ finished: false });
  expect(isIn(reading, merged)).toBe(false);
  release();
  await reading.until(hasAll(reading, 2));
  expectInOrder(reading, first, second);
});

test('O4 case 7: the last shards of a stream that was disabled are read to their ends, and asked for no more (DynamoDB Streams)', async () => {
  const dynamodb = await startDynamodb({ shards: 2 });
  stream = dynamodb;
  const shards = stream.openShards;
  const written = putAll();
  dynamodb.table.disableStream();
  const reading = new Reading(stream);
  await reading.until(() => stream.openShards.length === 0 && shards.every((shardId) => reading.isFinished(shardId)));
  expectInOrder(reading, written);
  const asked = stream.fake.calls('GetRecords').length;
  await reading.rounds(3);
  expect(stream.fake.calls('GetRecords')).toHaveLength(asked);
});
