import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exactNumber, readChange, type StreamRecordJson } from '../../../../contracts/public/change.ts';
import { UndecodableError } from '../../../../contracts/public/errors.ts';

const ttl = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };

function recordOf(changes: Partial<StreamRecordJson> = {}, image: Record<string, unknown> = {}): StreamRecordJson {
  return {
    eventName: 'MODIFY',
    dynamodb: { Keys: { id: { S: 'a' } }, NewImage: image, SequenceNumber: '1' },
    ...changes,
  };
}

function imageOf(image: Record<string, unknown>) {
  return readChange(recordOf({}, image)).newImage;
}

describe('readChange', () => {
  test('gives keys and the images that are there', () => {
    const change = readChange({
      eventName: 'MODIFY',
      dynamodb: {
        Keys: { id: { S: 'a' }, at: { N: '7' } },
        OldImage: { id: { S: 'a' }, done: { BOOL: false } },
        NewImage: { id: { S: 'a' }, done: { BOOL: true }, note: { NULL: true } },
        SequenceNumber: '1',
      },
    });
    expect(change).toEqual({
      name: 'MODIFY',
      keys: { id: 'a', at: 7 },
      oldImage: { id: 'a', done: false },
      newImage: { id: 'a', done: true, note: null },
      expired: false,
    });
    const keysOnly = readChange({ eventName: 'REMOVE', dynamodb: { Keys: { id: { S: 'a' } }, SequenceNumber: '1' } });
    expect(keysOnly).toEqual({ name: 'REMOVE', keys: { id: 'a' }, expired: false });
  });

  test('decodes binary values and sets at any depth', () => {
    const image = imageOf({
      b: { B: 'AP8=' },
      deep: { L: [{ M: { b: { B: 'AQ==' }, set: { BS: ['AP8=', 'AQ=='] } } }] },
      texts: { SS: ['a', 'b'] },
      numbers: { NS: ['1', '9007199254740993', '0.1000000000000000000001'] },
    });
    expect(image).toEqual({
      b: Buffer.from([0, 255]),
      deep: [{ b: Buffer.from([1]), set: new Set([Buffer.from([0, 255]), Buffer.from([1])]) }],
      texts: new Set(['a', 'b']),
      numbers: new Set([1, 9007199254740993n, '0.1000000000000000000001']),
    });
  });

  test('gives attributes the names that they have, at any depth (fault D1)', () => {
    const json = JSON.parse(
      '{"__proto__":{"S":"top"},"constructor":{"M":{"__proto__":{"L":[{"M":{"__proto__":{"N":"1"},"toString":{"BOOL":true}}}]}}}}',
    ) as Record<string, unknown>;
    const image = imageOf(json) as Record<string, unknown>;
    expect(Object.getPrototypeOf(image)).toBe(Object.prototype);
    expect(JSON.stringify(image)).toBe(
      '{"__proto__":"top","constructor":{"__proto__":[{"__proto__":1,"toString":true}]}}',
    );
  });

  test('takes an attribute without a type for an empty map, as DynamoDB Local writes one (fault D2)', () => {
    expect(imageOf({ empty: {}, deep: { L: [{}, { M: { inner: {} } }] } })).toEqual({
      empty: {},
      deep: [{}, { inner: {} }],
    });
  });

  test.each<[string, unknown]>([
    ['a value that is no object', { a: 'text' }],
    ['null', { a: null }],
    ['a list that is none', { a: { L: 'x' } }],
    ['a map that is none', { a: { M: 3 } }],
    ['bytes that are no text', { a: { B: 3 } }],
    ['a type that nobody knows', { a: { X: 'x' } }],
    ['an image that is a list', ['x']],
  ])('O8: an image with %s cannot be decoded (fault D1)', (_, image) => {
    expect(() => imageOf(image as Record<string, unknown>)).toThrow(UndecodableError);
  });

  test('gives every number exactly', () => {
    expect(
      imageOf({ price: { N: '123456789.12345678901234567890' }, list: { L: [{ N: '12345678901234567890' }] } }),
    ).toEqual({ price: '123456789.12345678901234567890', list: [12345678901234567890n] });
  });

  test.each<[string, Partial<StreamRecordJson>, boolean]>([
    ['a removal by DynamoDB itself', { eventName: 'REMOVE', userIdentity: ttl }, true],
    ['a removal by anyone else', { eventName: 'REMOVE' }, false],
    ['another service', { eventName: 'REMOVE', userIdentity: { ...ttl, principalId: 'other' } }, false],
    ['no removal', { eventName: 'MODIFY', userIdentity: ttl }, false],
  ])('expired: %s', (_, changes, expected) => {
    expect(readChange(recordOf(changes)).expired).toBe(expected);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'MODIFY'],
    ['no body', { eventName: 'MODIFY' }],
    ['no keys', { eventName: 'MODIFY', dynamodb: { SequenceNumber: '1' } }],
    ['an event name that nobody knows', recordOf({ eventName: 'UNKNOWN_TO_SDK_VERSION' as 'REMOVE' })],
  ])('O8: %s cannot be decoded', (_, json) => {
    expect(() => readChange(json as StreamRecordJson)).toThrow(UndecodableError);
  });
});

describe('exactNumber', () => {
  test.each<[string, number | bigint | string]>([
    ['0', 0],
    ['-12', -12],
    ['1.50', 1.5],
    ['0.1', 0.1],
    ['1e-7', 1e-7],
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['-9007199254740993', -9_007_199_254_740_993n],
    ['123456789.12345678901234567890', '123456789.12345678901234567890'],
    ['1e400', '1e400'],
  ])('%s', (digits, expected) => {
    expect(exactNumber(digits)).toBe(expected);
  });

  test('gives back any number that JavaScript can write', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(exactNumber(String(number))).toBe(number === 0 ? 0 : number);
      }),
    );
  });

  test('never changes the digits of an integer of DynamoDB (38 of them)', () => {
    const limit = 10n ** 38n;
    fc.assert(
      fc.property(fc.bigInt({ min: -limit, max: limit }), (integer) => {
        expect(digitsOf(exactNumber(String(integer)))).toBe(String(integer));
      }),
    );
  });
});

/** The number as people write it, without an exponent. */
function digitsOf(integer: number | bigint | string): string {
  const [mantissa = '', exponent = '0'] = String(integer).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return whole + fraction.padEnd(Number(exponent), '0');
}
