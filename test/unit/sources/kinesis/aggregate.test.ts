import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deaggregate, type UserRecord } from '../../../../sources/kinesis/aggregate.ts';
import { aggregate, bytes, frame, type PackedRecord, rawVarint, text, varint } from './aggregate-encoder.ts';
import { FIXTURES } from './aggregate-fixtures.ts';

const key = fc.string({ unit: 'binary', maxLength: 20 });
const packedRecord: fc.Arbitrary<PackedRecord> = fc.record({
  partitionKey: key,
  explicitHashKey: fc.option(
    fc.bigInt(0n, 2n ** 128n - 1n).map((number) => number.toString()),
    { nil: undefined },
  ),
  data: fc.uint8Array({ maxLength: 300 }),
});
const packedRecords = fc.array(packedRecord, { minLength: 1, maxLength: 20 });

function isUnpacked(found: ReturnType<typeof deaggregate>): found is readonly UserRecord[] {
  return Array.isArray(found);
}

/** User records as they went in. */
function unpacked(data: Uint8Array): PackedRecord[] {
  const records = deaggregate(data);
  if (!isUnpacked(records)) throw new Error('The data was not unpacked');
  expect(records.map(({ subSequenceNumber }) => subSequenceNumber)).toEqual([...records.keys()]);
  return records.map(({ partitionKey, explicitHashKey, data: content }) => ({
    partitionKey,
    explicitHashKey,
    data: Buffer.from(content),
  }));
}

const asBuffers = (records: readonly PackedRecord[]) =>
  records.map(({ partitionKey, explicitHashKey, data }) => ({
    partitionKey,
    explicitHashKey,
    data: Buffer.from(data),
  }));

describe('an aggregate', () => {
  test.each(FIXTURES)('of the official aggregator is unpacked: $name', ({ base64, records }) => {
    expect(unpacked(Buffer.from(base64, 'base64'))).toEqual(records);
  });

  test.each(FIXTURES)('of the test encoder is that of the official aggregator: $name', ({ base64, records }) => {
    expect(Buffer.from(aggregate(records)).toString('base64')).toBe(base64);
  });

  test('comes out as it went in, in order and with the index of every record', () => {
    fc.assert(
      fc.property(packedRecords, (records) => {
        expect(unpacked(aggregate(records))).toEqual(asBuffers(records));
      }),
    );
  });

  test('may lie anywhere in a larger buffer', () => {
    const data = aggregate([{ partitionKey: 'a', data: Buffer.from('x') }]);
    const larger = Buffer.concat([Buffer.from('before'), data, Buffer.from('behind')]);
    expect(unpacked(larger.subarray(6, 6 + data.length))).toEqual([{ partitionKey: 'a', data: Buffer.from('x') }]);
  });

  test('keeps a byte order mark at the beginning of a key', () => {
    expect(unpacked(aggregate([{ partitionKey: '\uFEFFa', data: new Uint8Array() }]))[0]?.partitionKey).toBe('\uFEFFa');
  });

  test('may have tags, unknown fields, tables behind the records and numbers that are longer than they need be', () => {
    const tag = bytes(4, [...text(1, 'name'), ...text(2, 'value')]);
    const unknown = [
      varint(7, 2n ** 64n - 1n),
      [...rawVarint(8 * 8 + 1), 1, 2, 3, 4, 5, 6, 7, 8],
      bytes(536_870_911, [1, 2, 3]),
      [...rawVarint(9 * 8 + 5), 1, 2, 3, 4],
      // Fields that are known, but not in this form.
      varint(1, 5),
      varint(3, 5),
    ];
    const indexZero = [8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0];
    const record = bytes(3, [...unknown.flat(), ...tag, ...bytes(3, [1]), ...indexZero, ...bytes(3, [42]), ...tag]);
    expect(unpacked(frame([record, ...unknown, text(1, 'late')]))).toEqual([
      { partitionKey: 'late', data: Buffer.of(42) },
    ]);
  });
});

describe('O4: what is not an aggregate in every byte is a plain record', () => {
  const user = [text(1, 'a'), bytes(3, [...varint(1, 0), ...bytes(3, [1])])];
  const record = (...fields: number[][]) => frame([text(1, 'a'), bytes(3, fields.flat())]);

  test.each<[string, Uint8Array]>([
    ['no data', new Uint8Array()],
    ['other data', Buffer.from('{"orderId":"order-1"}')],
    ['the magic number alone', Buffer.from('f3899ac2', 'hex')],
    ['another magic number', Buffer.concat([Buffer.of(0xf3, 0x89, 0x9a, 0xc3), frame(user).subarray(4)])],
    ['a wrong MD5', Buffer.concat([frame(user).subarray(0, -1), Buffer.of(0)])],
  ])('%s', (_name, data) => {
    expect(deaggregate(data)).toBe('plain');
  });

  test.each<[string, Uint8Array]>([
    ['magic number and MD5 of nothing', frame([])],
    ['no user records', frame([text(1, 'a')])],
    ['a partition key index beyond the table', record(varint(1, 1), bytes(3, [1]))],
    ['the largest index that there is', record(varint(1, 2n ** 64n - 1n), bytes(3, [1]))],
    ['an explicit hash key index without a table', record(varint(1, 0), varint(2, 0), bytes(3, [1]))],
    ['a user record without a partition key', record(bytes(3, [1]))],
    ['a user record without data', record(varint(1, 0))],
    ['one broken user record behind a good one', frame([...user, bytes(3, varint(1, 0))])],
    ['a length beyond the end', frame([...user, [26, 2, 8]])],
    ['a length of 64 bits', frame([...user, [26, ...rawVarint(2n ** 64n - 1n), 8]])],
    ['a field without its value', frame([...user, [8]])],
    ['a number that does not end', frame([...user, [8, 0x80]])],
    ['a number of more than 64 bits', frame([...user, [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2]])],
    ['a number of eleven bytes', frame([...user, [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 129, 0]])],
    ['a fixed field that is cut', frame([...user, [9, 1, 2, 3]])],
    ['the field number 0', frame([...user, [0, 0]])],
    ['a field number beyond the largest', frame([...user, varint(536_870_912, 0)])],
    ['a group', frame([...user, [11, 12]])],
    ['a wire type that there is not', frame([...user, [14]])],
    ['a key that is not UTF-8', frame([...user, bytes(1, [0xff])])],
  ])('O8: with the right MD5 it is told that it cannot be read: %s (fault D7)', (_name, data) => {
    expect(deaggregate(data)).toEqual({
      problem: expect.stringMatching(/^This record is an aggregate of the .* format that cannot be read: \S/),
    });
  });

  test('the user record of these cases alone is not plain', () => {
    expect(deaggregate(frame(user))).toHaveLength(1);
  });

  test('with any byte changed', () => {
    fc.assert(
      fc.property(packedRecords, fc.nat(), fc.integer({ min: 1, max: 255 }), (records, at, change) => {
        const data = aggregate(records);
        const index = at % data.length;
        data[index] = (data[index] ?? 0) ^ change;
        expect(deaggregate(data)).toBe('plain');
      }),
    );
  });

  test('cut anywhere', () => {
    fc.assert(
      fc.property(packedRecords, fc.nat(), fc.boolean(), (records, at, fromStart) => {
        const data = aggregate(records);
        const cut = at % data.length;
        expect(deaggregate(fromStart ? data.subarray(cut + 1) : data.subarray(0, cut))).toBe('plain');
      }),
    );
  });

  test('nothing throws, whatever stands between magic number and MD5', () => {
    const content = fc.uint8Array({ maxLength: 20 });
    const field = fc.oneof(
      { weight: 10, arbitrary: fc.tuple(fc.integer({ min: 1, max: 2 }), key).map(([tag, name]) => text(tag, name)) },
      {
        weight: 10,
        arbitrary: fc
          .tuple(fc.nat(2), fc.nat(2), content)
          .map(([index, hashIndex, data]) =>
            bytes(3, [...varint(1, index), ...(hashIndex === 0 ? [] : varint(2, hashIndex)), ...bytes(3, data)]),
          ),
      },
      { weight: 1, arbitrary: content.map((raw) => Array.from(raw)) },
      { weight: 1, arbitrary: fc.tuple(fc.nat(5), fc.bigInt(0n, 2n ** 64n - 1n)).map(([tag, n]) => varint(tag, n)) },
      { weight: 1, arbitrary: fc.tuple(fc.nat(5), content).map(([tag, raw]) => bytes(tag, raw)) },
    );
    const fields = fc.array(field, { minLength: 1, maxLength: 12 });
    let unpackedOnes = 0;
    fc.assert(
      fc.property(fields, (list) => {
        const records = deaggregate(frame(list), { first: 0n, last: 0n });
        if (!isUnpacked(records)) return;
        unpackedOnes += 1;
        expect(records.length).toBeGreaterThan(0);
      }),
      { numRuns: 3000 },
    );
    expect(unpackedOnes).toBeGreaterThan(100);
  });

  test('nothing throws and all is plain when bytes behind the magic number are arbitrary', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (rest) => {
        expect(deaggregate(Buffer.concat([Buffer.from('f3899ac2', 'hex'), rest]))).toBe('plain');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('O4: a user record outside the hash keys of its shard is delivered, and marked', () => {
  const hashOf = (partitionKey: string) => BigInt(`0x${createHash('md5').update(partitionKey, 'utf8').digest('hex')}`);
  const outside = (records: ReturnType<typeof deaggregate>) =>
    !isUnpacked(records) ? records : records.map(({ outsideShard }) => outsideShard);
  const data = (...keys: [string, string?][]) =>
    aggregate(keys.map(([partitionKey, explicitHashKey]) => ({ partitionKey, explicitHashKey, data: Buffer.of(1) })));

  test('by the MD5 of its partition key, both ends of the range belonging to the shard', () => {
    const at = hashOf('schlüssel');
    const both = data(['schlüssel'], ['schlüssel']);
    expect(outside(deaggregate(both, { first: at, last: at }))).toEqual([false, false]);
    expect(outside(deaggregate(both, { first: at + 1n, last: 2n ** 128n - 1n }))).toEqual([true, true]);
    expect(outside(deaggregate(both, { first: 0n, last: at - 1n }))).toEqual([true, true]);
  });

  test('by its explicit hash key where it has one', () => {
    const mixed = data(['a', '5'], ['a'], ['a', '4'], ['5', 'no number'], ['5']);
    const range = { first: 5n, last: 2n ** 128n - 1n };
    expect(outside(deaggregate(mixed, range))).toEqual([false, false, true, true, false]);
  });

  test('not marked when the range is not known', () => {
    expect(outside(deaggregate(data(['a', '5'], ['b', 'no number'])))).toEqual([false, false]);
  });
});
