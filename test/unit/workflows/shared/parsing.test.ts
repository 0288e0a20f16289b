import { describe, expect, test } from 'vitest';
import { parseRecords, parseSliceAnswer } from '../../../../contracts/lane/parse.ts';
import { parsePoolRecords } from '../../../../contracts/pool/parse.ts';
import { parseQuarantineRecords } from '../../../../contracts/quarantine/parse.ts';
import type { Parsed } from '../../../../lib/pure/shape.ts';
import { readPause, readVerb } from '../../../../workflows/shared/parsing.ts';
import { readQuarantineVerb } from '../../../../workflows/quarantine/verbs/parse.ts';
import { keylessRecords, laneEvent, recordsSignal } from '../../../support/lane-events.ts';

const leaseUntil = 1_700_000_000_000;

const isRead = (parsed: Parsed<unknown>): boolean => 'value' in parsed;
const isRecordsSignal = (value: unknown): boolean => isRead(parseRecords(value));
const isPoolSignal = (value: unknown): boolean => isRead(parsePoolRecords(value));
const isQuarantineSignal = (value: unknown): boolean => isRead(parseQuarantineRecords(value));
const isSliceAnswer = (value: unknown): boolean => isRead(parseSliceAnswer(value));

describe('O5 whatever a stock tool sends, no lane gets stuck on it', () => {
  test.each([null, undefined])('a verb with %j as argument has no fields', (value) => {
    expect(readVerb('retry', value)).toEqual({ name: 'retry', args: {} });
  });

  test.each(['text', 5, ['a'], true])('a verb with %j as argument is refused (fault E3)', (value) => {
    expect(readVerb('replace', value)).toEqual({
      name: 'replace',
      args: {},
      problem: 'its input must be an object, such as {"data": {...}}',
    });
  });

  test('the bare record as argument of a replace is refused, with what to write (fault E3)', () => {
    expect(readVerb('replace', { orderId: 'order-1', 'x\n\u202ey': 2, amount: 12, currency: 'EUR' }).problem).toBe(
      'its input has fields that are not known (orderId, x\\u000a\\u202ey, amount, ...); ' +
        'the new data belongs into the field data: {"data": {...}}',
    );
  });

  test('a field that is mistyped must not make a verb mean another record (fault E3)', () => {
    expect(readVerb('skip', { positon: 'shardId-0:7' }).problem).toContain('(positon)');
    expect(readPause({ key: 'k', by: 'ann' })).toEqual({
      value: { key: 'k', verb: { name: 'pause', args: { by: 'ann' } } },
    });
    expect(readQuarantineVerb('skip', { positions: ['shardId-0:7'], by: 'ann' }).problem).toBeUndefined();
    expect(readQuarantineVerb('skip', { all: true, positon: 'shardId-0:7' }).problem).toContain('(positon)');
  });

  test('fields that are null are left out, data may be any JSON', () => {
    expect(readVerb('replace', { position: null, by: 'ann', data: null })).toEqual({
      name: 'replace',
      args: { by: 'ann', data: null },
    });
  });

  test.each(['position', 'by', 'reason', 'text', 'base64'])(
    '%s of a wrong type is a problem, told to who sent it',
    (field) => {
      expect(readVerb('replace', { [field]: 5 }).problem).toBe(`\`${field}\` must be a text, not number`);
    },
  );

  test('long words are cut, since decisions are carried along', () => {
    const { args } = readVerb('skip', { by: 'x'.repeat(5000), reason: 'y'.repeat(5000) });
    expect([args.by?.length, args.reason?.length]).toEqual([200, 2000]);
  });

  test('only what a bridge can have sent is taken for records', () => {
    expect(isRecordsSignal(recordsSignal([laneEvent(1)]))).toBe(true);
    for (const value of [null, {}, { events: {} }, { events: [{}] }, { events: [{ position: {}, data: {} }] }, 'x']) {
      expect(isRecordsSignal(value)).toBe(false);
    }
    const [record] = keylessRecords(1, 1);
    expect(isQuarantineSignal({ leaseUntil, records: [record] })).toBe(true);
    expect(isQuarantineSignal({ leaseUntil, records: [{ ...record, partitionKey: 'a' }] })).toBe(true);
    for (const forged of [{ reason: 7 }, { partitionKey: null }, { arrivedAt: 'today' }, { size: null }, { data: 1 }]) {
      expect(isQuarantineSignal({ leaseUntil, records: [{ ...record, ...forged }] })).toBe(false);
    }
    expect(isQuarantineSignal({ leaseUntil, records: [null] })).toBe(false);
    expect(isRecordsSignal({ leaseUntil, events: [{ ...laneEvent(1), redriveSequence: '7' }] })).toBe(true);
    expect(isRecordsSignal({ leaseUntil, events: [{ ...laneEvent(1), redriveSequence: 7 }] })).toBe(false);
  });

  test.each([
    ['leaseUntil', undefined],
    ['leaseUntil', null],
  ])('records without a lease are not taken in (fault B7): %s %j', (field, value) => {
    const events = [{ key: 'k', ...laneEvent(1) }];
    expect(isRecordsSignal({ leaseUntil, events })).toBe(true);
    expect(isRecordsSignal({ events, [field]: value })).toBe(false);
    expect(isPoolSignal({ events, [field]: value })).toBe(false);
    expect(isQuarantineSignal({ records: keylessRecords(1, 1), [field]: value })).toBe(false);
  });

  test.each([
    { events: [laneEvent(1)], last: true },
    { events: [laneEvent(1)], last: false },
  ])('%j is what a segment holds', (answer) => {
    expect(isSliceAnswer(answer)).toBe(true);
  });

  test.each([
    null,
    {},
    { events: [] },
    { events: [], last: true },
    { events: [laneEvent(1)] },
    { events: [{}], last: true },
  ])('%j is no answer of a segment, and the lane asks again later (fault B7)', (answer) => {
    expect(isSliceAnswer(answer)).toBe(false);
  });

  test.each([undefined, null, '7', -1, Number.NaN])(
    'an event of size %j would spoil every sum of bytes (fault B7)',
    (size) => {
      const events = [{ key: 'k', ...laneEvent(1), size }];
      expect(isRecordsSignal({ leaseUntil, events })).toBe(false);
      expect(isPoolSignal({ leaseUntil, events })).toBe(false);
    },
  );

  test.each([
    [{ key: 'k', by: 'ann' }, { value: { key: 'k', verb: { name: 'pause', args: { by: 'ann' } } } }],
    [{ by: 'ann' }, { problem: 'no `key` is named' }],
    [{ key: '' }, { problem: 'no `key` is named' }],
    [null, { problem: 'no `key` is named' }],
    [{ key: 'k', by: 5 }, { problem: '`by` must be a text, not number' }],
  ])('a pause of %j is read as %j (fault B7)', (value, expected) => {
    expect(readPause(value)).toEqual(expected);
  });

  test('a shard whose name every object has would break the marks, and no bridge has sent it (fault D1)', () => {
    for (const shardId of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const position = { shardId, sequenceNumber: '1' };
      expect(isRecordsSignal({ events: [{ ...laneEvent(1), position }] })).toBe(false);
      expect(isQuarantineSignal({ records: [{ ...keylessRecords(1, 1)[0], position }] })).toBe(false);
    }
  });

  test.each([
    [{ claim: null }, false],
    [{ claim: { name: 'a/b/c', sha256: '' } }, false],
    [{ claim: { name: 'a/b/c', sha256: '', preview: '' } }, true],
    [{ left: null }, false],
    [{ sourceOnly: { preview: '' } }, true],
    [{ base64: 5 }, false],
    [{ text: null }, false],
    [{ json: null }, true],
    [{}, false],
  ])('data %j is such as a bridge sends: %s', (data, expected) => {
    expect(isRecordsSignal({ leaseUntil, events: [{ ...laneEvent(1), data }] })).toBe(expected);
  });
});
