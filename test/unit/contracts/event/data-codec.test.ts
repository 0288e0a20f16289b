import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEventData, encodeEventData } from '../../../../contracts/event/data-codec.ts';
import type { InlineData } from '../../../../contracts/event/event.ts';

const utf8 = new TextEncoder();

/** What the bytes are after a way through Temporal, which carries event data as JSON. */
function carried(bytes: Uint8Array): Uint8Array {
  const encodePayload = JSON.stringify(encodeEventData(bytes));
  return decodeEventData(JSON.parse(encodePayload) as InlineData);
}

describe('O4: event data comes back as the same bytes', () => {
  test('for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(Buffer.compare(carried(bytes), bytes)).toBe(0);
      }),
    );
  });

  test('for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(Buffer.compare(carried(utf8.encode(text)), utf8.encode(text))).toBe(0);
      }),
    );
  });

  test('for any JSON, however it is written', () => {
    const anyJson = fc.tuple(fc.jsonValue(), fc.constantFrom(0, 1, '\t'));
    fc.assert(
      fc.property(anyJson, ([value, indent]) => {
        const text = JSON.stringify(value, null, indent);
        expect(Buffer.from(carried(utf8.encode(text))).toString()).toBe(text);
      }),
    );
  });

  test.each([
    '',
    '-0',
    '1.0',
    '1e2',
    '12345678901234567890',
    '{"b":1,"a":2,"1":3}',
    '{"a":1,"a":2}',
    '{"__proto__":{"a":1}}',
    String.raw`"\ud800"`,
    String.raw`"\u0041"`,
    '\uFEFF{}',
    `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
  ])('for %.30s', (text) => {
    expect(Buffer.from(carried(utf8.encode(text))).toString()).toBe(text);
  });
});

test('JSON that is nested deeply travels as text, so that no request and no lane is too deep to be written (fault D1)', () => {
  for (const depth of [1, 50, 101, 1000, 6000]) {
    const nested = `${'[{"[":'.repeat(depth)}0${'}]'.repeat(depth)}`;
    expect('text' in encodeEventData(utf8.encode(nested))).toBe(depth > 50);
  }
  const brackets = JSON.stringify(['['.repeat(1000), '{'.repeat(1000), '"\\"[']);
  expect(encodeEventData(utf8.encode(brackets))).toHaveProperty('json');
});

describe('event data is as readable as it can be', () => {
  test.each<[string, string | Uint8Array, InlineData]>([
    ['JSON', '{"id":7,"list":[true,null]}', { json: { id: 7, list: [true, null] } }],
    ['JSON of one value', '"a"', { json: 'a' }],
    ['JSON with spaces, as text', '{ "id": 7 }', { text: '{ "id": 7 }' }],
    ['a number too long for JavaScript, as text', '9007199254740993', { text: '9007199254740993' }],
    ['other text', 'naïve ☃', { text: 'naïve ☃' }],
    ['nothing', '', { text: '' }],
    ['bytes that are not UTF-8', Uint8Array.of(0, 255), { base64: 'AP8=' }],
  ])('%s', (_, data, expected) => {
    expect(encodeEventData(typeof data === 'string' ? utf8.encode(data) : data)).toEqual(expected);
  });
});
