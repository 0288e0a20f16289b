/**
 * Enhanced fan-out on kinesis-local, the one emulator that has it. It differs from AWS: it sends an event once a second,
 * refuses another subscription as long as the first is there, which it takes a second to notice (AWS lets the second one
 * take over after five seconds), and never ends a closed shard to a subscriber. What it does not do is tested at a
 * scripted service, in test/unit/sources/kinesis/fan-out.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import { FAN_OUT_LIMITS, type FanOutLimits } from '../../sources/kinesis/fan-out/fan-out.ts';
import { KinesisSource } from '../../sources/kinesis/kinesis-source.ts';
import type { ShardCursor, SourceRecord } from '../../sources/source.ts';
import { FaultProxy, KinesisStream, type Server, startKinesisLocal } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf, never, useEmulatorEnvironment } from './source.contract.ts';

let server: Server;
let streams = 0;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  useEmulatorEnvironment();
  server = await startKinesisLocal();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => server.stop());

async function create(times: Partial<FanOutLimits> = {}) {
  streams += 1;
  const stream = await KinesisStream.create(server.endpoint, `pushed-${streams}`);
  const proxy = await FaultProxy.before(server.endpoint);
  const open = (endpoint = proxy.endpoint) => {
    const config = { kind: 'kinesis', stream: stream.name, endpoint, fanOut: { consumer: 'keylane' } } as const;
    const source = new KinesisSource(config, { fanOutLimits: { ...FAN_OUT_LIMITS, ...times } });
    closing.push(() => source.close());
    return source;
  };
  closing.push(() => stream.close());
  const source = open();
  const [shard] = await source.listShards(never);
  closing.push(() => proxy.stop());
  return { stream, proxy, source, open, shardId: shard!.shardId };
}

const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `text-${from + index}`);
const textsOf = (records: readonly SourceRecord[]) => records.map(({ data }) => Buffer.from(data).toString());
const forKey = (data: string) => ({ key: 'key', data });

async function readUntil(cursor: ShardCursor, count: number, signal = never): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  while (records.length < count) {
    const page = await eventually(() => cursor.next(signal));
    records.push(...page.records);
  }
  return records;
}

describe('kinesis-local by enhanced fan-out', () => {
  test('O1: registers its consumer once and reads all there is in order, and what is written later', async () => {
    const { stream, source, open, proxy, shardId } = await create();
    await stream.put(texts(0, 1100).map(forKey));
    const cursor = source.openShard(shardId, { at: 'horizon' });
    expect(textsOf(await readUntil(cursor, 1100))).toEqual(texts(0, 1100));
    await stream.put(texts(1100, 1103).map(forKey));
    expect(textsOf(await readUntil(cursor, 3))).toEqual(texts(1100, 1103));
    expect(await open().listShards(never)).toHaveLength(1);
    expect(proxy.calls('RegisterStreamConsumer')).toHaveLength(1);
    expect(proxy.calls('SubscribeToShard')).toHaveLength(1);
    expect(proxy.calls('GetRecords')).toEqual([]);
  });

  test.each([0, 3, 8])('O6: goes on after position %i without repeat or gap', async (index) => {
    const { stream, source, shardId } = await create({ pauseMs: 0 });
    await stream.put(texts(0, 10).map(forKey));
    const stop = new AbortController();
    const all = await readUntil(source.openShard(shardId, { at: 'horizon' }), 10, stop.signal);
    stop.abort();
    const start: StartPoint = { at: 'after', position: all[index]!.position };
    expect(await readUntil(source.openShard(shardId, start), 9 - index)).toEqual(all.slice(index + 1));
  });

  test('O4 O6: subscriptions that last shorter than the pauses between records lose and repeat nothing', async () => {
    // Left alone for so long, a subscription is closed, and the next page needs another one.
    const { stream, source, proxy, shardId } = await create({ pauseMs: 0, idleMs: 1 });
    const cursor = source.openShard(shardId, { at: 'horizon' });
    for (let round = 0; round < 4; round += 1) {
      await stream.put(texts(round * 5, round * 5 + 5).map(forKey));
      expect(textsOf(await readUntil(cursor, 5))).toEqual(texts(round * 5, round * 5 + 5));
    }
    const asked = proxy.calls('SubscribeToShard') as { StartingPosition: { Type: string } }[];
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.at(-1)?.StartingPosition.Type).toBe('AFTER_SEQUENCE_NUMBER');
  });

  test('O2: children of a split are read; the parent gives all it had and stays open, as this emulator leaves it', async () => {
    const { stream, source, shardId } = await create({ pauseMs: 0 });
    await stream.put(texts(0, 3).map(forKey));
    await stream.split(shardId);
    await stream.put(texts(3, 6).map(forKey));
    const parent = source.openShard(shardId, { at: 'horizon' });
    expect(textsOf(await readUntil(parent, 3))).toEqual(texts(0, 3));
    expect(await parent.next(never)).toMatchObject({ records: [], ended: false });
    const children = (await source.listShards(never)).filter(({ parents }) => parents.includes(shardId));
    expect(children).toHaveLength(2);
    const stop = new AbortController();
    const reading = children.map(async (child) => {
      const cursor = source.openShard(child.shardId, { at: 'horizon' });
      for (;;) {
        const { records } = await cursor.next(stop.signal);
        if (records.length > 0) return records;
      }
    });
    expect(textsOf(await Promise.any(reading))).toEqual(texts(3, 6));
    stop.abort(new Error('seen enough'));
    await Promise.allSettled(reading);
  });

  test('after an error of the service the same page can be asked for again', async () => {
    const { stream, source, proxy, shardId } = await create({ pauseMs: 0 });
    await stream.put(texts(0, 3).map(forKey));
    const cursor = source.openShard(shardId, { at: 'horizon' });
    proxy.spoil('SubscribeToShard', { error: 'ResourceInUseException' });
    expect((await failureOf(cursor.next(never))).message).toContain('is subscribed to by another process');
    expect(textsOf(await readUntil(cursor, 3))).toEqual(texts(0, 3));
  });

  test('a stream that is not there is told by name', async () => {
    const config = {
      kind: 'kinesis',
      stream: 'missing',
      endpoint: server.endpoint,
      fanOut: { consumer: 'c' },
    } as const;
    const source = new KinesisSource(config);
    closing.push(() => source.close());
    expect((await failureOf(source.listShards(never))).message).toContain('kinesis:missing');
  });
});
