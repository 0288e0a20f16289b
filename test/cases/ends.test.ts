/** The end of a shard, and what is durable of it: cases by the numbers of docs/lineage.md. */
import { afterEach, describe, expect, test } from 'vitest';
import { advance } from '../../bridge/lineage/lineage.ts';
import { parsePosition } from '../../contracts/event/position.ts';
import { faults } from '../support/fake-aws/index.ts';
import { SOURCES, startKinesis, type CaseStream } from './case-stream.ts';
import { Reading } from './reading.ts';

const DAY = 86_400_000;

let stream: CaseStream;

afterEach(() => stream.close());

describe.each(SOURCES)('%s', (_name, start) => {
  test('O4 case 9: a shard whose end was read is finished when its last record is acknowledged, and stays it', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    const [one, two] = [stream.put('a'), stream.put('b')];
    stream.split(parent);
    const reading = new Reading(stream);
    const release = reading.hold((arrival) => arrival.id === 'b');
    await reading.until(() => reading.held('a').length === 1);
    await reading.rounds(2);
    expect(reading.state.shards[parent]).toMatchObject({ checkpoint: parsePosition(one) });
    const early = { shards: { [parent]: reading.progress(parent)! } };
    release();
    await reading.until(() => reading.isFinished(parent));
    expect(reading.held('b')).toEqual([two]);
    // A report that comes late, of a reader that was overtaken.
    expect(advance(reading.state, early)).toEqual(reading.state);
  });

  test('O4 case 10: a shard that closes when its last record has long been acknowledged is finished all the same', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    const last = stream.put('a');
    const reading = new Reading(stream);
    await reading.until(() => reading.held('a').length === 1);
    await reading.rounds(1);
    expect(reading.state.shards[parent]).toMatchObject({ checkpoint: parsePosition(last) });
    reading.restart();
    stream.split(parent);
    const next = stream.put('a');
    await reading.until(() => reading.held('a').length === 2);
    expect(reading.held('a')).toEqual([last, next]);
    expect(reading.isFinished(parent)).toBe(true);
  });

  test('O2 case 11: a closed shard without any record lets its children begin', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    stream.fake.manners.trailingEmptyPages = 2;
    stream.split(parent);
    const written = stream.put('a');
    const reading = new Reading(stream);
    await reading.until(() => reading.held('a').length === 1);
    expect(reading.held('a')).toEqual([written]);
    expect(reading.progress(parent)).toMatchObject({ finished: true, read: 0 });
  });

  test('O6 case 12: a finished shard is not read again, while it is listed and when a late listing brings it back', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    stream.put('a');
    stream.split(parent);
    const listing = stream.listed();
    stream.put('a');
    const reading = new Reading(stream);
    await reading.until(() => reading.held('a').length === 2);
    const asked = () =>
      stream.fake.calls().filter(({ operation, shardId }) => operation.startsWith('Get') && shardId === parent);
    const before = asked().length;
    await reading.rounds(2);
    // It leaves the listing; for a while an old one is answered now and then.
    stream.fake.clock.advance(DAY + 1);
    await reading.rounds(1);
    expect(reading.isFinished(parent)).toBe(true);
    stream.fake.faults.add({ operation: stream.listing, fault: faults.listing(() => listing) });
    await reading.rounds(2);
    expect(asked()).toHaveLength(before);
    expect(reading.held('a')).toHaveLength(2);
    stream.fake.clock.advance(2 * DAY + 1);
    await reading.rounds(1);
    expect(reading.isFinished(parent)).toBe(false);
    expect(reading.state.shards).not.toHaveProperty([parent]);
  });

  test('O4 case 17: empty pages are neither the end of a shard nor a reason to leave it', async () => {
    stream = await start();
    const [parent] = stream.openShards as [string];
    const written = [stream.put('a'), stream.put('a')];
    stream.split(parent);
    written.push(stream.put('a'));
    let pages = 0;
    stream.fake.manners.emptyPage = () => {
      pages += 1;
      return pages % 4 !== 0;
    };
    stream.fake.manners.trailingEmptyPages = 3;
    const reading = new Reading(stream);
    await reading.until(() => reading.held('a').length === 3);
    expect(reading.held('a')).toEqual(written);
  });
});

describe('Kinesis', () => {
  test('O2 case 16: an end without child shards is an answer cut short; the shard is asked again', async () => {
    stream = await startKinesis();
    const [parent] = stream.openShards as [string];
    stream.fake.manners.nullIteratorWithLastRecords = true;
    const first = stream.put('a');
    stream.split(parent);
    const second = stream.put('a');
    stream.fake.faults.add({ operation: 'GetRecords', shardId: parent, fault: faults.childless });
    const reading = new Reading(stream);
    await reading.until(() => reading.held('a').length === 2);
    expect(stream.fake.faults.pending).toBe(0);
    expect(reading.held('a')).toEqual([first, second]);
  });

  test('O2 case 20: the number at which a shard ends is beyond its last record, and nobody waits for it', async () => {
    stream = await startKinesis();
    const [parent] = stream.openShards as [string];
    const last = stream.put('a');
    stream.split(parent);
    const { EndingSequenceNumber: end = '' } = stream
      .listed()
      .find(({ ShardId }) => ShardId === parent)!.SequenceNumberRange;
    expect(BigInt(end) > BigInt(parsePosition(last)!.sequenceNumber)).toBe(true);
    const next = stream.put('a');
    const reading = new Reading(stream);
    await reading.until(() => reading.held('a').length === 2);
    expect(reading.held('a')).toEqual([last, next]);
  });
});
