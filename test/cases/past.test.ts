/** What the source no longer has, or has kept for long: cases by the numbers of docs/lineage.md. */
import { afterEach, describe, expect, test } from 'vitest';
import { parsePosition } from '../../contracts/event/position.ts';
import { SOURCES, startDynamodb, startKinesis, type CaseStream } from './case-stream.ts';
import { Reading } from './reading.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let stream: CaseStream;

afterEach(() => stream.close());

describe.each(SOURCES)('%s', (_name, start) => {
  test('O10 case 13: behind two generations that have expired unread reading goes on, and one gap is told', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    const read = stream.put('a');
    const reading = new Reading(stream);
    await reading.until(() => reading.held('a').length === 1);
    await reading.rounds(1);
    reading.restart();
    stream.put('a');
    stream.split(parent);
    for (const shardId of stream.openShards) stream.split(shardId);
    stream.fake.clock.advance(DAY + HOUR);
    const written = stream.put('a');
    await reading.until(() => reading.held('a').length === 2);
    await reading.until(() => reading.isFinished(parent));
    expect(reading.held('a')).toEqual([read, written]);
    expect(reading.state).toMatchObject({ gapCount: 1, gaps: [{ shardId: parent, after: parsePosition(read) }] });
    await reading.rounds(2);
    expect(reading.state.gapCount).toBe(1);
    expect(reading.told.filter((line) => line.includes('were gone from the source'))).toHaveLength(1);
  });
});

test('O10 case 15: a shard that was idle for longer than the retention, with readers at its tip, has no gap (Kinesis)', async () => {
  stream = await startKinesis();
  const read = stream.put('a');
  const reading = new Reading(stream);
  await reading.until(() => reading.held('a').length === 1);
  for (let hours = 0; hours < 30; hours += 6) {
    stream.fake.clock.advance(6 * HOUR);
    await reading.rounds(1);
  }
  const written = stream.put('a');
  await reading.until(() => reading.held('a').length === 2);
  expect(reading.held('a')).toEqual([read, written]);
  expect(reading.state).not.toHaveProperty('gapCount');
});

test('O10 case 15: so it is where a shard lives for four hours, whatever is written (DynamoDB Streams)', async () => {
  const dynamodb = await startDynamodb();
  stream = dynamodb;
  const read = stream.put('a');
  const reading = new Reading(stream);
  await reading.until(() => reading.held('a').length === 1);
  for (let hours = 0; hours < 30; hours += 4) {
    stream.fake.clock.advance(4 * HOUR);
    dynamodb.table.roll();
    await reading.rounds(2);
  }
  const written = stream.put('a');
  await reading.until(() => reading.held('a').length === 2);
  expect(reading.held('a')).toEqual([read, written]);
  expect(reading.state).not.toHaveProperty('gapCount');
});

test.each(['refused', 'horizon', 'emptyPages'] as const)(
  'O10 case 14: a checkpoint older than the horizon is one gap, whether the start is %s, and reading goes on (Kinesis)',
  async (trimmedStart) => {
    stream = await startKinesis();
    stream.fake.manners.trimmedStart = trimmedStart;
    const read = stream.put('a');
    const reading = new Reading(stream);
    await reading.until(() => reading.held('a').length === 1);
    await reading.rounds(1);
    reading.restart();
    stream.put('a');
    stream.fake.clock.advance(DAY + 1);
    const written = stream.put('a');
    await reading.until(() => reading.held('a').length === 2);
    expect(reading.held('a')).toEqual([read, written]);
    await reading.rounds(2);
    expect(reading.state).toMatchObject({
      gapCount: 1,
      gaps: [{ after: parsePosition(read), until: parsePosition(written) }],
    });
  },
);

test('O1 case 23: a key in two live shards, by an explicit hash key, is serialised, warned of once, and holds up nothing', async () => {
  const kinesis = await startKinesis({ shards: 2 });
  stream = kinesis;
  const written = new Set<string>();
  const highest = (2n ** 128n - 1n).toString();
  for (let n = 0; n < 20; n += 1) written.add(kinesis.put('a', n % 2 === 0 ? '0' : highest));
  const other = stream.put('b');
  const reading = new Reading(stream);
  await reading.until(() => reading.held('a').length === 20 && reading.held('b').length === 1);
  expect(new Set(reading.held('a'))).toEqual(written);
  expect(reading.held('b')).toEqual([other]);
  for (const shardId of stream.openShards) {
    const inShard = (position: string) => position.startsWith(shardId);
    expect(reading.held('a').filter(inShard)).toEqual([...written].filter(inShard));
  }
  await reading.rounds(2);
  expect(reading.told.filter((line) => line.includes('comes from two shards at the same time'))).toHaveLength(1);
});
