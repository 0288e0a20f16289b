import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecordRouter, type KeyFunction } from '../../../../bridge/read/route-record.ts';
import { HandlerEvent } from '../../../../contracts/public/record.ts';
import { record } from './scripted-source.ts';

const one = { ...record('shard-0', 7, 'the-partition-key'), data: Buffer.from('{"id":"order-1"}') };

function reasonOf(key: KeyFunction, given = one): string | undefined {
  const delivery = createRecordRouter('kinesis', key)(given);
  return delivery?.to === 'quarantine' ? delivery.record.reason : undefined;
}

const thrower = (value: unknown) => (): never => {
  throw value;
};

test('without a key function the key is the partition key', () => {
  expect(createRecordRouter('dynamodb', undefined)(one)).toEqual({
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
  const routeRecord = createRecordRouter(
    'kinesis',
    (seen) => `${seen.partitionKey}/${seen.json().id}/${seen.position.sequenceNumber}`,
  );
  expect(routeRecord(one)).toMatchObject({ to: 'lane', key: 'the-partition-key/order-1/7' });
});

test('O8: a key function that throws sends the record, its data and the message to the quarantine', () => {
  const broken = { ...one, data: Buffer.from([0xff, 0x00]) };
  expect(createRecordRouter('kinesis', (seen) => seen.json().id)(broken)).toEqual({
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
  expect(reasonOf(thrower(Object.create(null)))).toBe('The key function threw: {}');
  expect(reasonOf(thrower(new Error('x'.repeat(5000))))).toHaveLength(1000);
});

test.each([
  [undefined, 'The key function returned undefined'],
  [null, 'The key function returned null'],
  ['', 'The key function returned an empty string'],
  [42, 'The key function returned the number 42, not a string'],
  [true, 'The key function returned the boolean true, not a string'],
  [['a'], 'The key function returned a value of type array, not a string'],
  [{ id: 1 }, 'The key function returned a value of type object, not a string'],
  ['x'.repeat(40_000), 'The key function returned a string of 40000 bytes, more than 32768'],
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
  const delivery = createRecordRouter('kinesis', undefined)({ ...one, partitionKey: '' });
  expect(delivery).toMatchObject({ to: 'quarantine', record: { reason: 'The partition key is an empty string' } });
});

test('a key function that writes into the data does not change what is handed over', () => {
  const given = { ...one, data: Buffer.from('abc') };
  const delivery = createRecordRouter('kinesis', (seen) => {
    seen.data.fill(0x2a);
    return 'key';
  })(given);
  expect(delivery).toMatchObject({ event: { data: { text: 'abc' } } });
});

test('O1 O8: a key that ends in half a character goes to the quarantine, as it would share a lane (fault D5)', () => {
  const ill = fc
    .tuple(fc.string(), fc.integer({ min: 0xd800, max: 0xdfff }), fc.string())
    .map(([before, unit, after]) => `${before}${String.fromCharCode(unit)}${after}`);
  fc.assert(
    fc.property(ill, (key) => {
      const reason = reasonOf(() => key);
      expect(reason).toMatch(/half of a surrogate pair \(U\+D[89A-F][0-9A-F]{2} at index \d+\)/);
      expect(reason?.isWellFormed()).toBe(true);
      expect(createRecordRouter('kinesis', undefined)({ ...one, partitionKey: key })?.to).toBe('quarantine');
    }),
  );
  expect(createRecordRouter('kinesis', () => 'c\ufffd')(one)).toMatchObject({ to: 'lane', key: 'c\ufffd' });
});

const hostile: readonly [string, () => unknown][] = [
  ['a proxy that was revoked', () => revoked()],
  ['an error with a message that throws', () => Object.defineProperty(new Error('x'), 'message', { get: thrower(1) })],
  ['an error with a message that is an object', () => Object.assign(new Error('x'), { message: Object.create(null) })],
  ['an error with a name that is a symbol', () => Object.assign(new Error('x'), { name: Symbol('s') })],
  ['a symbol', () => Symbol('s')],
  ['half a character', () => new Error('bad \ud83d')],
];

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test.each(hostile)('O8: a key function that throws or returns %s costs its record only (fault D1)', (_, made) => {
  for (const key of [thrower(made()), made]) {
    const reason = reasonOf(key);
    expect(reason).toMatch(/^The key function (threw|returned)/);
    expect(reason?.isWellFormed()).toBe(true);
  }
});

test.each(hostile)('O8: a filter that throws %s costs its record only, which is kept (fault D1)', (_, made) => {
  const filter = { matches: thrower(made()) };
  expect(createRecordRouter('kinesis', undefined, filter)(one)).toMatchObject({
    to: 'quarantine',
    record: {
      position: one.position,
      data: { json: { id: 'order-1' } },
      reason: expect.stringMatching(/^This record could not be routed: /),
    },
  });
});

test('O8: a record whose place in the store cannot be named is set apart with its beginning (fault D1)', () => {
  const large = { above: 4, claimOf: thrower(new Error('no name')) };
  expect(createRecordRouter('kinesis', undefined, undefined, large)(one)).toMatchObject({
    to: 'quarantine',
    record: {
      data: { sourceOnly: { preview: '{"id":"order-1"}' } },
      reason: expect.stringContaining('Error: no name'),
    },
  });
});

test('O8: what the source cannot read of a record is the reason why it is set apart (fault D7)', () => {
  const delivery = createRecordRouter('kinesis', () => 'a')({ ...one, problem: 'An aggregate without a record' });
  expect(delivery).toMatchObject({ to: 'quarantine', record: { reason: 'An aggregate without a record' } });
});

test('O8: a thenable is told as a promise (fault H1)', () => {
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tried
  const thenable = { then: () => undefined };
  expect(reasonOf(() => thenable)).toBe('The key function returned a promise: it must not be async');
});

test('a key function gets bytes of its own, and so does a handler (fault D7)', () => {
  const pooled = Buffer.from('{"id":"order-1"}');
  expect(pooled.buffer.byteLength).toBeGreaterThan(pooled.length);
  let seen: Uint8Array | undefined;
  createRecordRouter('kinesis', (given) => {
    seen = given.data;
    given.data[0] = 0;
    return 'a';
  })({ ...one, data: pooled });
  const fields = { source: 'kinesis', position: one.position, arrivedAt: 0, data: pooled, key: 'a' } as const;
  for (const data of [seen, new HandlerEvent(fields).data]) {
    expect(data?.constructor).toBe(Uint8Array);
    expect(data?.buffer.byteLength).toBe(pooled.length);
  }
  expect(pooled.toString()).toBe('{"id":"order-1"}');
});
