import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SourceConfigurationError, SourceUnavailableError } from '../../sources/errors.ts';
import { KinesisSource } from '../../sources/kinesis/kinesis-source.ts';
import { FaultProxy, KinesisStream, type Server } from '../support/emulators/index.ts';
import {
  describeSource,
  failureOf,
  never,
  numbered,
  readRecords,
  readToEnd,
  type SourceUnderTest,
  useEmulatorEnvironment,
} from './source.contract.ts';

/** Where an emulator is known to differ from AWS. */
export interface KinesisDifferences {
  /** Has stream ARNs in requests. */
  readonly arns: boolean;
  /** Gives a listing in pages. */
  readonly pagedListing: boolean;
  /** Answers a start at a time at which no record has arrived yet. */
  readonly timeWithoutRecords: boolean;
}

let streams = 0;

/** What a Kinesis source keeps to beyond the port: everything about splits, merges and AWS's own forms. */
export function describeKinesis(name: string, start: () => Promise<Server>, differs: KinesisDifferences): void {
  describeSource(name, async () => setup(await start()));

  describe(`${name} as a data stream`, () => {
    let server: Server;
    const closing: (() => unknown)[] = [];

    beforeAll(async () => {
      useEmulatorEnvironment();
      server = await start();
    });
    afterAll(async () => {
      for (const close of closing) await close();
      await server.stop();
    });

    async function create(shards = 1) {
      streams += 1;
      const stream = await KinesisStream.create(server.endpoint, `stream-${streams}`, shards);
      const source = open(stream.name, server.endpoint);
      closing.push(
        () => stream.close(),
        () => source.close(),
      );
      return { stream, source };
    }

    test('O2: a split gives two children with one parent, and the parent ends behind its last record', async () => {
      const { stream, source } = await create();
      await stream.put(recordsOf('before', 6));
      const [parent] = await source.listShards(never);
      await stream.split(parent!.shardId);
      await stream.put(recordsOf('after', 6));
      const shards = await source.listShards(never);
      expect(shards.find(({ shardId }) => shardId === parent!.shardId)).toMatchObject({ closed: true, parents: [] });
      const children = shards.filter(({ shardId }) => shardId !== parent!.shardId);
      expect(children).toHaveLength(2);
      for (const child of children) expect(child).toMatchObject({ closed: false, parents: [parent!.shardId] });

      const cursor = source.openShard(parent!.shardId, { at: 'horizon' });
      expect(textsOf(await readToEnd(cursor))).toEqual(recordsOf('before', 6).map(({ data }) => data));
      expect(await cursor.next(never)).toEqual({ records: [], ended: true });
      const later = await Promise.all(
        children.map(({ shardId }) => readRecords(source.openShard(shardId, { at: 'horizon' }), 1)),
      );
      expect(textsOf(later.flat()).toSorted()).toEqual(recordsOf('after', 6).map(({ data }) => data));
    });

    test('O2: a merge gives one child with both parents', async () => {
      const { stream, source } = await create(2);
      const parents = (await source.listShards(never)).map(({ shardId }) => shardId);
      await stream.merge(parents[0]!, parents[1]!);
      const shards = await source.listShards(never);
      const child = shards.find(({ shardId }) => !parents.includes(shardId));
      expect(child?.closed).toBe(false);
      expect(child?.parents.toSorted()).toEqual(parents.toSorted());
    });

    test('a closed shard ends for a cursor that has read all of it already', async () => {
      const { stream, source } = await create();
      await stream.put(recordsOf('all', 2));
      const [parent] = await source.listShards(never);
      const records = await readRecords(source.openShard(parent!.shardId, { at: 'horizon' }), 2);
      await stream.split(parent!.shardId);
      const cursor = source.openShard(parent!.shardId, { at: 'after', position: records[1]!.position });
      expect(await readToEnd(cursor)).toEqual([]);
    });

    test('O4: a place in a stream that was deleted and created again is for a person, who is told how to go on', async () => {
      const { stream, source } = await create();
      await stream.put(recordsOf('old', 2));
      const [{ shardId } = { shardId: '' }] = await source.listShards(never);
      const [, last] = await readRecords(source.openShard(shardId, { at: 'horizon' }), 2);
      await stream.recreate();
      await stream.put(recordsOf('new', 2));
      const failure = await failureOf(source.openShard(shardId, { at: 'after', position: last!.position }).next(never));
      expect(failure).toBeInstanceOf(SourceConfigurationError);
      expect(failure.message).toMatch(/deleted and created again.*--start-over/);
      const again = await readRecords(source.openShard(shardId, { at: 'horizon' }), 2);
      expect(textsOf(again)).toEqual(recordsOf('new', 2).map(({ data }) => data));
    });

    test('a start at a time leaves out what arrived before', async () => {
      const { stream, source } = await create();
      const [shard] = await source.listShards(never);
      await stream.put(recordsOf('before', 3));
      const before = await readRecords(source.openShard(shard!.shardId, { at: 'horizon' }), 3);
      const since = before[2]!.arrivedAt + 1;
      await expect.poll(() => Date.now()).toBeGreaterThan(since);
      await stream.put(recordsOf('after', 3));
      const records = await readRecords(source.openShard(shard!.shardId, { at: 'time', since }), 3);
      expect(textsOf(records)).toEqual(recordsOf('after', 3).map(({ data }) => data));
    });

    test('a start at a time ahead of the clock is asked again later', async () => {
      const { stream, source } = await create();
      const [shard] = await source.listShards(never);
      // kinesis-local lets any time pass for a shard that is empty.
      await stream.put(recordsOf('any', 1));
      const cursor = source.openShard(shard!.shardId, { at: 'time', since: Date.now() + 3_600_000 });
      const failure = await failureOf(cursor.next(never));
      expect(failure).toBeInstanceOf(SourceUnavailableError);
      expect(failure.message).toContain('clock');
    });

    // The emulator never answers otherwise.
    test.runIf(differs.timeWithoutRecords)('a start at a time waits for the first record from then on', async () => {
      const { stream, source } = await create();
      const [shard] = await source.listShards(never);
      const cursor = source.openShard(shard!.shardId, { at: 'time', since: Date.now() });
      expect(await cursor.next(never)).toMatchObject({ records: [], ended: false });
      await stream.put(recordsOf('later', 1));
      expect(textsOf(await readRecords(cursor, 1))).toEqual(['later-0']);
    });

    test.runIf(differs.arns)('reads a stream named by its ARN, under the same identity', async () => {
      const { stream, source } = await create();
      await stream.put(recordsOf('any', 1));
      const byArn = open(await stream.arn(), server.endpoint);
      closing.push(() => byArn.close());
      expect(byArn.identity).toBe(source.identity);
      const [shard] = await byArn.listShards(never);
      expect(textsOf(await readRecords(byArn.openShard(shard!.shardId, { at: 'horizon' }), 1))).toEqual(['any-0']);
    });

    test.runIf(differs.pagedListing)(
      'lists every shard over all pages, and anew when a token has expired',
      async () => {
        const { stream } = await create(5);
        const proxy = await FaultProxy.before(server.endpoint);
        const config = { kind: 'kinesis', stream: stream.name, endpoint: proxy.endpoint } as const;
        const source = new KinesisSource(config, { shardsPerPage: 2 });
        closing.push(
          () => source.close(),
          () => proxy.stop(),
        );
        expect(await source.listShards(never)).toHaveLength(5);
        expect(proxy.calls('ListShards')).toEqual([
          { StreamName: stream.name, MaxResults: 2 },
          { NextToken: expect.any(String) as string, MaxResults: 2 },
          { NextToken: expect.any(String) as string, MaxResults: 2 },
        ]);
        proxy.spoil('ListShards', 'pass', { error: 'ExpiredNextTokenException' });
        const shards = await source.listShards(never);
        expect(new Set(shards.map(({ shardId }) => shardId)).size).toBe(5);
        expect(shards).toHaveLength(5);
        expect(proxy.calls('ListShards')).toHaveLength(3 + 2 + 3);
      },
    );
  });
}

function open(stream: string, endpoint: string) {
  return new KinesisSource({ kind: 'kinesis', stream, endpoint });
}

function setup(server: Server): SourceUnderTest {
  return {
    async createStream() {
      streams += 1;
      const stream = await KinesisStream.create(server.endpoint, `stream-${streams}`);
      const proxy = await FaultProxy.before(server.endpoint);
      const source = open(stream.name, proxy.endpoint);
      return {
        source,
        proxy,
        write: (texts) => stream.put(texts.map((data) => ({ key: 'key', data }))),
        textOf: ({ data }) => Buffer.from(data).toString(),
        async close() {
          source.close();
          stream.close();
          await proxy.stop();
        },
      };
    },
    openMissing: () => open('missing', server.endpoint),
    openUnreachable: () => open('any', 'http://127.0.0.1:1'),
    trimmed: { operation: 'GetShardIterator', error: 'InvalidArgumentException' },
    stop: () => server.stop(),
  };
}

/** Of different keys, so that they spread over shards. */
function recordsOf(name: string, count: number) {
  return numbered(0, count).map((_, index) => ({ key: `key-${index}`, data: `${name}-${index}` }));
}

function textsOf(records: readonly { readonly data: Uint8Array }[]): string[] {
  return records.map(({ data }) => Buffer.from(data).toString());
}
