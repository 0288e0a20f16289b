import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../sources/errors.ts';
import type { Page, ShardCursor, Source, SourceRecord } from '../../sources/source.ts';
import { EMULATOR_ENV, type FaultProxy } from '../support/emulators/index.ts';

/** A stream of its own for one test, with one shard, and a source that reads it through a proxy. */
export interface StreamUnderTest {
  readonly source: Source;
  readonly proxy: FaultProxy;
  /** Writes one record for each text, in order, all for the same key. */
  write(texts: readonly string[]): Promise<void>;
  /** The text of {@link write} that came back in this record. */
  readonly textOf: (record: SourceRecord) => string;
  close(): Promise<void>;
}

export interface SourceUnderTest {
  createStream(): Promise<StreamUnderTest>;
  /** A source for a stream that is not there. */
  openMissing(): Source;
  /** A source at an address where nobody listens. */
  openUnreachable(): Source;
  /** How the service says that it no longer has a place to read from. */
  readonly trimmed: { readonly operation: string; readonly error: string };
  stop(): Promise<void>;
}

export const never = new AbortController().signal;

/** Sets the environment in which a process finds region and credentials by itself. */
export function useEmulatorEnvironment(): void {
  Object.assign(process.env, EMULATOR_ENV);
}

/** What every source keeps to, whatever the service behind it: the port of sources/source.ts. */
export function describeSource(name: string, setup: () => Promise<SourceUnderTest>): void {
  describe(`${name} as a source`, () => {
    let service: SourceUnderTest;
    let stream: StreamUnderTest | undefined;

    beforeAll(async () => {
      useEmulatorEnvironment();
      service = await setup();
    });
    afterEach(async () => {
      await stream?.close();
      stream = undefined;
    });
    afterAll(() => service.stop());

    async function streamWith(count: number): Promise<{ under: StreamUnderTest; texts: string[]; shardId: string }> {
      stream = await service.createStream();
      const texts = numbered(0, count);
      await stream.write(texts);
      const [shard] = await stream.source.listShards(never);
      return { under: stream, texts, shardId: shard?.shardId ?? '' };
    }

    test('lists an open shard without parents', async () => {
      const { under, shardId } = await streamWith(0);
      expect(await under.source.listShards(never)).toEqual([{ shardId, parents: [], closed: false }]);
    });

    test('reads everything from the horizon in order, over several pages', async () => {
      const { under, texts, shardId } = await streamWith(1100);
      const cursor = under.source.openShard(shardId, { at: 'horizon' });
      const records = await readRecords(cursor, texts.length);
      expect(records.map(under.textOf)).toEqual(texts);
      expect(new Set(records.map(({ position }) => position.shardId))).toEqual(new Set([shardId]));
      expect(new Set(records.map(({ partitionKey }) => partitionKey))).toEqual(new Set(['key']));
      const later = numbered(1100, 1103);
      await under.write(later);
      expect((await readRecords(cursor, later.length)).map(under.textOf)).toEqual(later);
    });

    test('an empty page in an open shard is not its end', async () => {
      const { under, shardId } = await streamWith(0);
      expect(await under.source.openShard(shardId, { at: 'horizon' }).next(never)).toMatchObject({
        records: [],
        ended: false,
      });
    });

    test.each([0, 3, 8])('goes on after position %i without repeat or gap', async (index) => {
      const { under, texts, shardId } = await streamWith(10);
      const all = await readRecords(under.source.openShard(shardId, { at: 'horizon' }), texts.length);
      const start: StartPoint = { at: 'after', position: all[index]!.position };
      const rest = await readRecords(under.source.openShard(shardId, start), texts.length - index - 1);
      expect(rest).toEqual(all.slice(index + 1));
    });

    test.each([0, 4, 9])('has the record at position %i, and no other in its place', async (index) => {
      const { under, texts, shardId } = await streamWith(10);
      const all = await readRecords(under.source.openShard(shardId, { at: 'horizon' }), texts.length);
      expect(await under.source.recordAt(all[index]!.position, never)).toEqual(all[index]);
      const none = { ...all[index]!.position, subSequenceNumber: 7 };
      expect(await under.source.recordAt(none, never)).toBeUndefined();
    });

    test('after the last record comes what is written later', async () => {
      const { under, texts, shardId } = await streamWith(3);
      const all = await readRecords(under.source.openShard(shardId, { at: 'horizon' }), texts.length);
      const cursor = under.source.openShard(shardId, { at: 'after', position: all[2]!.position });
      expect((await cursor.next(never)).records).toEqual([]);
      await under.write(['later']);
      expect((await readRecords(cursor, 1)).map(under.textOf)).toEqual(['later']);
    });

    test('a start inside an aggregate reads on behind the record that holds it', async () => {
      const { under, texts, shardId } = await streamWith(3);
      const all = await readRecords(under.source.openShard(shardId, { at: 'horizon' }), texts.length);
      const position = { ...all[0]!.position, subSequenceNumber: 4 };
      const cursor = under.source.openShard(shardId, { at: 'after', position });
      expect(await readRecords(cursor, 2)).toEqual(all.slice(1));
    });

    test('a start at a time loses no record from that time on', async () => {
      const { under, texts, shardId } = await streamWith(5);
      const all = await readRecords(under.source.openShard(shardId, { at: 'horizon' }), texts.length);
      const since = all[2]!.arrivedAt;
      const first = all.findIndex(({ arrivedAt }) => arrivedAt >= since);
      const cursor = under.source.openShard(shardId, { at: 'time', since });
      const page = await cursor.next(never);
      expect(all.slice(-page.records.length)).toEqual(page.records);
      expect(page.records.length).toBeGreaterThanOrEqual(all.length - first);
    });

    test('an iterator that has expired is made anew behind the last record read', async () => {
      const { under, texts, shardId } = await streamWith(3);
      const cursor = under.source.openShard(shardId, { at: 'horizon' });
      expect((await readRecords(cursor, 3)).map(under.textOf)).toEqual(texts);
      await under.write(['later']);
      under.proxy.spoil('GetRecords', { error: 'ExpiredIteratorException' });
      const opened = under.proxy.calls('GetShardIterator').length;
      expect((await readRecords(cursor, 1)).map(under.textOf)).toEqual(['later']);
      expect(under.proxy.calls('GetShardIterator')).toHaveLength(opened + 1);
    });

    // What is really gone is tried on the fake, which trims: fake-gaps.test.ts.
    test('O6 O10: a place that is refused although it is there is no gap, and nothing comes twice', async () => {
      const { under, texts, shardId } = await streamWith(3);
      const all = await readRecords(under.source.openShard(shardId, { at: 'horizon' }), texts.length);
      const cursor = under.source.openShard(shardId, { at: 'after', position: all[1]!.position });
      under.proxy.spoil(service.trimmed.operation, { error: service.trimmed.error });
      const page = await cursor.next(never);
      expect(page).toMatchObject({ records: [all[2]], ended: false });
      expect(page).not.toHaveProperty('gap');
      expect(await cursor.next(never)).not.toHaveProperty('gap');
    });

    test('tells how long a record is kept', async () => {
      const { under } = await streamWith(0);
      expect(await under.source.retentionMs(never)).toBe(24 * 3_600_000);
    });

    test.each(['InternalFailure', 'ProvisionedThroughputExceededException', 'LimitExceededException'])(
      'after %s the same page can be asked for again',
      async (error) => {
        const { under, texts, shardId } = await streamWith(3);
        const cursor = under.source.openShard(shardId, { at: 'horizon' });
        const fault = { error, status: error === 'InternalFailure' ? 500 : 400 };
        // More often than the SDK tries by itself.
        under.proxy.spoil('GetRecords', ...Array.from({ length: 10 }, () => fault));
        const failure = await failureOf(cursor.next(never));
        expect(failure).toBeInstanceOf(SourceUnavailableError);
        expect(failure.message).toContain(under.source.identity);
        expect(failure.message).toContain(under.proxy.endpoint);
        expect(failure.message).toContain(error);
        under.proxy.forget();
        expect((await readRecords(cursor, 3)).map(under.textOf)).toEqual(texts);
      },
    );

    test('access that is denied is for a person to mend', async () => {
      const { under, shardId } = await streamWith(0);
      under.proxy.spoil('GetRecords', { error: 'AccessDeniedException', message: 'not allowed to GetRecords' });
      const reading = under.source.openShard(shardId, { at: 'horizon' }).next(never);
      await expect(reading).rejects.toThrow(SourceConfigurationError);
    });

    test('a stream that is not there is for a person to mend', async () => {
      const source = service.openMissing();
      await expect(source.listShards(never)).rejects.toThrow(SourceConfigurationError);
      await expect(source.listShards(never)).rejects.toThrow(`${source.identity}: `);
      source.close();
    });

    test('a server that cannot be reached may be there later', async () => {
      const source = service.openUnreachable();
      await expect(source.listShards(never)).rejects.toThrow(SourceUnavailableError);
      source.close();
    });

    test('an abort ends a read that gets no answer, with its own reason, and the page can be read later', async () => {
      const { under, texts, shardId } = await streamWith(2);
      const cursor = under.source.openShard(shardId, { at: 'horizon' });
      under.proxy.spoil('GetRecords', 'silence');
      const stopping = new AbortController();
      const reading = cursor.next(stopping.signal);
      await under.proxy.called('GetRecords');
      const reason = new Error('stop');
      const before = performance.now();
      stopping.abort(reason);
      await expect(reading).rejects.toBe(reason);
      expect(performance.now() - before).toBeLessThan(200);
      expect((await readRecords(cursor, 2)).map(under.textOf)).toEqual(texts);
    });

    test('one signal may stop any number of reads, without a warning', async () => {
      const { under, shardId } = await streamWith(0);
      const warnings: string[] = [];
      const note = (warning: Error) => warnings.push(warning.name);
      process.on('warning', note);
      const stopping = new AbortController();
      const cursors = Array.from({ length: 12 }, () => under.source.openShard(shardId, { at: 'horizon' }));
      await Promise.all(cursors.map((cursor) => cursor.next(stopping.signal)));
      process.off('warning', note);
      expect(warnings).not.toContain('MaxListenersExceededWarning');
    });

    test('an aborted signal asks the service nothing', async () => {
      const { under, shardId } = await streamWith(0);
      const asked = under.proxy.calls().length;
      const aborted = AbortSignal.abort(new Error('stop'));
      await expect(under.source.listShards(aborted)).rejects.toBe(aborted.reason);
      await expect(under.source.openShard(shardId, { at: 'horizon' }).next(aborted)).rejects.toBe(aborted.reason);
      expect(under.proxy.calls()).toHaveLength(asked);
    });
  });
}

/** What the promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('It did not fail');
}

/** Reads until there are `count` records or the shard ends. */
export async function readRecords(cursor: ShardCursor, count: number): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  let page: Page;
  do {
    page = await cursor.next(never);
    records.push(...page.records);
  } while (records.length < count && !page.ended);
  return records;
}

/** Reads to the end of the shard. */
export function readToEnd(cursor: ShardCursor): Promise<SourceRecord[]> {
  return readRecords(cursor, Number.POSITIVE_INFINITY);
}

export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `record-${from + index}`);
}
