import { describe, expect, test } from 'vitest';
import type { StartPoint } from '../../../contracts/pipeline/options.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../sources/errors.ts';
import {
  IteratorCursor,
  type IteratorPage,
  type ShardIterators,
  TrimmedError,
} from '../../../sources/iterator-cursor.ts';
import type { SourceRecord } from '../../../sources/source.ts';

const DAY = 86_400_000;
const { signal } = new AbortController();
const trimmed = new TrimmedError('kinesis:orders', 'gone');
const expired = new SourceUnavailableError('kinesis:orders', 'expired', {
  cause: Object.assign(new Error('old'), { name: 'ExpiredIteratorException' }),
});

/** A shard whose answers are written down before: an error is thrown, a page or an iterator returned. */
class ScriptedShard implements ShardIterators {
  startIncluded = false;
  readonly opened: StartPoint[] = [];
  readonly iterators: string[] = [];
  readonly #opens: (string | Error)[];
  readonly #pages: (IteratorPage | Error)[];

  constructor(opens: (string | Error)[], pages: (IteratorPage | Error)[]) {
    this.#opens = opens;
    this.#pages = pages;
  }

  async open(from: StartPoint): Promise<string> {
    this.opened.push(from);
    return answer(this.#opens.shift());
  }

  async retentionMs(): Promise<number> {
    return DAY;
  }

  async read(iterator: string): Promise<IteratorPage> {
    this.iterators.push(iterator);
    return answer(this.#pages.shift());
  }
}

function answer<T>(next: T | Error | undefined): T {
  if (next === undefined) throw new Error('The script has ended');
  if (next instanceof Error) throw next;
  return next;
}

function record(sequence: number, fields: Partial<SourceRecord> & { sub?: number } = {}): SourceRecord {
  const { sub, ...rest } = fields;
  return {
    position: position(sequence, sub),
    arrivedAt: sequence,
    partitionKey: 'key',
    data: new Uint8Array(),
    ...rest,
  };
}

function position(sequence: number, sub?: number) {
  const base = { shardId: 'shard', sequenceNumber: String(sequence) };
  return sub === undefined ? base : { ...base, subSequenceNumber: sub };
}

function page(nextIterator: string | undefined, ...records: SourceRecord[]): IteratorPage {
  return { records, nextIterator };
}

const horizon: StartPoint = { at: 'horizon' };
const after = (sequence: number, sub?: number): StartPoint => ({ at: 'after', position: position(sequence, sub) });

describe('IteratorCursor', () => {
  test('goes from iterator to iterator and ends at a page without one', async () => {
    const shard = new ScriptedShard(['i1'], [page('i2', record(1)), page('i3'), page(undefined, record(2))]);
    const cursor = new IteratorCursor(shard, horizon);
    expect(await cursor.next(signal)).toEqual({ records: [record(1)], ended: false });
    expect(await cursor.next(signal)).toEqual({ records: [], ended: false });
    expect(await cursor.next(signal)).toEqual({ records: [record(2)], ended: true });
    expect(await cursor.next(signal)).toEqual({ records: [], ended: true });
    expect(shard.opened).toEqual([horizon]);
    expect(shard.iterators).toEqual(['i1', 'i2', 'i3']);
  });

  test('O4: asks for the same page again after an error', async () => {
    const down = new SourceUnavailableError('kinesis:orders', 'down');
    const shard = new ScriptedShard(['i1'], [down, page('i2', record(1))]);
    const cursor = new IteratorCursor(shard, horizon);
    await expect(cursor.next(signal)).rejects.toBe(down);
    expect((await cursor.next(signal)).records).toEqual([record(1)]);
    expect(shard.iterators).toEqual(['i1', 'i1']);
  });

  test('O4: an expired iterator is made anew behind the last record read', async () => {
    const shard = new ScriptedShard(['i1', 'j1'], [page('i2', record(1)), page('i3'), expired, page('j2', record(2))]);
    const cursor = new IteratorCursor(shard, horizon);
    await cursor.next(signal);
    await cursor.next(signal);
    expect((await cursor.next(signal)).records).toEqual([record(2)]);
    expect(shard.opened).toEqual([horizon, after(1)]);
  });

  test('an iterator that is never young enough is an error, not an endless loop', async () => {
    const shard = new ScriptedShard(
      ['i1', 'i2', 'i3', 'i4', 'i5'],
      [expired, expired, expired, expired, page('i6', record(1))],
    );
    const cursor = new IteratorCursor(shard, horizon);
    await expect(cursor.next(signal)).rejects.toBe(expired);
    expect((await cursor.next(signal)).records).toEqual([record(1)]);
  });

  test('O10: a place that is gone when reading begins is a gap, kept until a page is returned', async () => {
    const down = new SourceUnavailableError('kinesis:orders', 'down');
    const shard = new ScriptedShard([trimmed, 'i1'], [down, page('i2', record(7)), page('i3')]);
    const cursor = new IteratorCursor(shard, after(3));
    await expect(cursor.next(signal)).rejects.toBe(down);
    expect(await cursor.next(signal)).toEqual({
      records: [record(7)],
      ended: false,
      gap: { after: position(3), until: position(7) },
    });
    expect(await cursor.next(signal)).toEqual({ records: [], ended: false });
    expect(shard.opened).toEqual([after(3), horizon]);
  });

  test('O10: records that age away while reading are a gap behind the last record read', async () => {
    const shard = new ScriptedShard(['i1', 'j1'], [page('i2', record(1)), trimmed, page('j2', record(9))]);
    const cursor = new IteratorCursor(shard, horizon);
    await cursor.next(signal);
    expect(await cursor.next(signal)).toMatchObject({
      records: [record(9)],
      gap: { after: position(1), until: position(9) },
    });
  });

  test('the horizon that moves on under a reader that has read nothing is no gap', async () => {
    const shard = new ScriptedShard(['i1', 'j1'], [trimmed, page('j2', record(9))]);
    expect(await new IteratorCursor(shard, horizon).next(signal)).not.toHaveProperty('gap');
  });

  test('what a person has mended is read with an iterator of its own', async () => {
    const refused = new SourceConfigurationError('kinesis:orders', 'no such stream');
    const shard = new ScriptedShard(['i1', 'j1'], [refused, page('j2', record(1))]);
    const cursor = new IteratorCursor(shard, after(0));
    await expect(cursor.next(signal)).rejects.toBe(refused);
    expect((await cursor.next(signal)).records).toEqual([record(1)]);
    expect(shard.opened).toEqual([after(0), after(0)]);
  });

  test('O6: a start inside an aggregate leaves out what is not beyond it', async () => {
    const aggregate = [0, 1, 2].map((sub) => record(5, { sub }));
    const shard = new ScriptedShard(['i1'], [page('i2', ...aggregate, record(6))]);
    const { records } = await new IteratorCursor(shard, after(5, 1)).next(signal);
    expect(records).toEqual([record(5, { sub: 2 }), record(6)]);
  });

  test('notBefore passes records over until the first that is not older, and none behind it', async () => {
    const shard = new ScriptedShard(
      ['i1'],
      [page('i2', record(1), record(2)), page('i3', record(3), record(10), record(4)), page('i4', record(5))],
    );
    const cursor = new IteratorCursor(shard, horizon, { notBefore: 10 });
    expect((await cursor.next(signal)).records).toEqual([]);
    expect((await cursor.next(signal)).records).toEqual([record(10), record(4)]);
    expect((await cursor.next(signal)).records).toEqual([record(5)]);
  });

  test('records that were passed over are not read again when the iterator expires', async () => {
    const shard = new ScriptedShard(['i1', 'j1'], [page('i2', record(1)), expired, page('j2', record(10))]);
    const cursor = new IteratorCursor(shard, horizon, { notBefore: 10 });
    await cursor.next(signal);
    expect((await cursor.next(signal)).records).toEqual([record(10)]);
    expect(shard.opened).toEqual([horizon, after(1)]);
  });
});
