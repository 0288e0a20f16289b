/** Shards that the source no longer gives though they should still be there: neither stops their children nor loses records silently. */
import { afterEach, describe, expect, test } from 'vitest';
import { parsePosition } from '../../contracts/event/position.ts';
import { faults } from '../support/fake-aws/index.ts';
import { SOURCES, type CaseStream } from './case-stream.ts';
import { Reading } from './reading.ts';

const HOUR = 3_600_000;

let stream: CaseStream;

afterEach(() => stream.close());

describe.each(SOURCES)('%s', (_name, start) => {
  /** A stream of which the first record was read, with another one unread in the parent, and one in a child. */
  async function resharded() {
    stream = await start();
    const [parent] = stream.openShards as [string];
    const read = stream.put('a');
    const reading = new Reading(stream);
    await reading.until(() => reading.held('a').length === 1);
    // Long enough for a shard of DynamoDB to expire by its age.
    for (let hours = 0; hours < 26; hours += 2) {
      stream.fake.clock.advance(2 * HOUR);
      await reading.rounds(1);
    }
    reading.restart();
    stream.put('a');
    stream.split(parent);
    const written = stream.put('a');
    return { parent, read, reading, written };
  }

  /** Nobody is given an iterator of the shard any more. */
  function hide(shardId: string) {
    const fault = { shardId, times: Infinity, fault: faults.notFound } as const;
    for (const operation of ['GetShardIterator', 'GetRecords'] as const)
      stream.fake.faults.add({ operation, ...fault });
  }

  test('O2 O10 a shard that is listed and not found ends with a gap, and its children are read (fault I2)', async () => {
    const { parent, read, reading, written } = await resharded();
    hide(parent);
    await reading.until(() => reading.held('a').length === 2);
    expect(reading.held('a')).toEqual([read, written]);
    expect(reading.isFinished(parent)).toBe(true);
    expect(reading.state).toMatchObject({ gapCount: 1, gaps: [{ shardId: parent, after: parsePosition(read) }] });
    expect(reading.told.filter((line) => line.includes('were gone from the source'))).toHaveLength(1);
  });

  test('O10 a shard that is neither listed nor found before its retention is over ends with a gap (fault I3)', async () => {
    const { parent, read, reading, written } = await resharded();
    hide(parent);
    stream.fake.faults.add({ operation: stream.listing, times: Infinity, fault: faults.omitting(parent) });
    await reading.until(() => reading.held('a').length === 2);
    expect(reading.held('a')).toEqual([read, written]);
    expect(reading.state).toMatchObject({ gapCount: 1, gaps: [{ shardId: parent, after: parsePosition(read) }] });
    expect(reading.told.filter((line) => line.includes('were gone from the source'))).toHaveLength(1);
  });

  test('O4 a shard that is open and not found for a while is read on when it is found again (fault I2)', async () => {
    stream = await start();
    const [shardId] = stream.openShards as [string];
    const reading = new Reading(stream);
    stream.fake.faults.add({ operation: 'GetShardIterator', shardId, times: 12, fault: faults.notFound });
    const written = stream.put('a');
    await reading.until(() => reading.held('a').length === 1);
    expect(reading.held('a')).toEqual([written]);
    expect(reading.state).not.toHaveProperty('gapCount');
  });
});
