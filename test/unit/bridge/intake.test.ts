import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { createIntake, type KeyFunction } from '../../../bridge/intake.ts';
import { record } from './scripted-source.ts';

const one = { ...record('shard-0', 7, 'the-partition-key'), data: Buffer.from('{"id":"order-1"}') };

function reasonOf(key: KeyFunction, given = one): string | undefined {
  const handover = createIntake('kinesis', key)(given);
  return handover?.to === 'quarantine' ? handover.record.reason : undefined;
}

const thrower = (value: unknown) => (): never => {
  throw value;
};

test('without a key function the key is the partition key', () => {
  expect(createIntake('dynamodb', undefined)(one)).toEqual({
    to: 'lane',
    key: 'the-partition-key',
    event: {
      position: one.position,
      arrivedAt: one.arrivedAt,
      data: { json: { id: 'order-1' } },
      size: 16,
      source: 'dynamodb',
    },
  });
});

test('a key function sees the record, its partition key included', () => {
  const intake = createIntake(
    'kinesis',
    (seen) => `${seen.partitionKey}/${seen.json().id}/${seen.position.sequenceNumber}`,
  );
  expect(intake(one)).toMatchObject({ to: 'lane', key: 'the-partition-key/order-1/7' });
});

test('O8: a key function that throws sends the record, its data and the message to the quarantine', () => {
  const broken = { ...one, data: Buffer.from([0xff, 0x00]) };
  expect(createIntake('kinesis', (seen) => seen.json().id)(broken)).toEqual({
    to: 'quarantine',
    record: {
      position: one.position,
      arrivedAt: one.arrivedAt,
      data: { base64: '/wA=' },
      size: 2,
      partitionKey: one.partitionKey,
      reason: expect.stringMatching(
        /^The key function threw: UndecodableError: The data of record shard-0:7 is not JSON/,
      ),
    },
  });
  expect(reasonOf(thrower('just text'))).toBe('The key function threw: just text');
  expect(reasonOf(thrower(Object.create(null)))).toBe('The key function threw: [Object: null prototype] {}');
  expect(reasonOf(thrower(new Error('x'.repeat(5000))))).toHaveLength(1000);
});

test.each([
  [undefined, 'The key function returned undefined'],
  [null, 'The key function returned null'],
  ['', 'The key function returned an empty text'],
  [42, 'The key function returned the number 42, not a text'],
  [true, 'The key function returned the boolean true, not a text'],
  [['a'], 'The key function returned a value of type array, not a text'],
  [{ id: 1 }, 'The key function returned a value of type object, not a text'],
  ['x'.repeat(40_000), 'The key function returned a text of 40000 bytes, more than 32768'],
])('O8: a key that is no usable text is told as what it is (%#)', (value, reason) => {
  expect(reasonOf(() => value)).toBe(reason);
});

test('O8: an async key function is told, and its rejection does not end the process', async () => {
  expect(reasonOf(async () => await Promise.reject(new Error('later')))).toBe(
    'The key function returned a promise: it must not be async',
  );
  await new Promise((resolve) => setImmediate(resolve));
});

test('O8: an empty partition key is no key', () => {
  const handover = createIntake('kinesis', undefined)({ ...one, partitionKey: '' });
  expect(handover).toMatchObject({ to: 'quarantine', record: { reason: 'The partition key is an empty text' } });
});

test('a key function that writes into the data does not change what is handed over', () => {
  const given = { ...one, data: Buffer.from('abc') };
  const handover = createIntake('kinesis', (seen) => {
    seen.data.fill(0x2a);
    return 'key';
  })(given);
  expect(handover).toMatchObject({ event: { data: { text: 'abc' } } });
});
