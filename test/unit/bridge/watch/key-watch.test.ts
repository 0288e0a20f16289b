import { pino } from 'pino';
import { expect, test } from 'vitest';
import { findKey } from '../../../../bridge/read/route-record.ts';
import { KeyWatch } from '../../../../bridge/watch/key-watch.ts';
import { record } from '../read/scripted-source.ts';

function setUp() {
  const lines: { readonly key: string; readonly shards: string[] }[] = [];
  const watch = new KeyWatch(pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }));
  return { lines, watch };
}

test('a key from two shards that are read at the same time is told once, with both', () => {
  const { lines, watch } = setUp();
  watch.startReading(['a']);
  watch.startReading(['b']);
  for (const shardId of ['a', 'a', 'b', 'a', 'b']) watch.recordKey('key', shardId);
  watch.recordKey('other', 'a');
  watch.recordKey('other', 'b');
  expect(lines).toMatchObject([{ level: 40, key: 'key', shards: ['a', 'b'] }]);
});

test('a key function that returns promises is told once, with the way back to the lanes (fault H1)', () => {
  const { lines, watch } = setUp();
  const reason = (value: unknown) =>
    findKey('kinesis', () => value, record('shard-0', 1, 'a')) as { readonly reason: string };
  for (const value of [undefined, Promise.resolve('a'), Promise.resolve('b')])
    watch.recordWithoutKey(reason(value).reason);
  expect(lines).toMatchObject([{ level: 50, msg: expect.stringMatching(/promise.*quarantine retry --all/) }]);
});

test('O2: a key that goes on in the child of its shard is nothing to tell', () => {
  const { lines, watch } = setUp();
  const ended = watch.startReading(['parent']);
  watch.recordKey('key', 'parent');
  ended();
  watch.startReading(['child']);
  watch.recordKey('key', 'child');
  expect(lines).toEqual([]);
});

test('of two readers of a shard that overlap, the first that comes home does not end it', () => {
  const { lines, watch } = setUp();
  const first = watch.startReading(['a']);
  watch.startReading(['a', 'b']);
  first();
  watch.recordKey('key', 'a');
  watch.recordKey('key', 'b');
  expect(lines).toHaveLength(1);
});

test('its memory is bounded: old keys and long ones are not known', () => {
  const { lines, watch } = setUp();
  watch.startReading(['a', 'b']);
  watch.recordKey('old', 'a');
  for (let n = 0; n < 10_000; n += 1) watch.recordKey(`key-${n}`, 'a');
  watch.recordKey('old', 'b');
  watch.recordKey('x'.repeat(257), 'a');
  watch.recordKey('x'.repeat(257), 'b');
  expect(lines).toEqual([]);
  watch.recordKey('key-9999', 'b');
  expect(lines).toHaveLength(1);
});
