import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  elementsOf,
  type ExactJson,
  isObject,
  isScalar,
  marked,
  numberIn,
  parseExactJson,
  textIn,
} from '../../../../sources/filter/exact-json.ts';

/** Back to what JSON.parse makes of it. */
function plain(value: ExactJson): unknown {
  if (Array.isArray(value)) return (value as readonly ExactJson[]).map(plain);
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [textIn(name), plain(inner)]));
  }
  const number = numberIn(value);
  return number === undefined ? (textIn(value) ?? value) : Number(number);
}

const parse = (text: string) => parseExactJson(Buffer.from(text));

test('JSON is read as JSON.parse reads it', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', 'constructor', '"', '\\', '5', "'"),
  );
  fc.assert(
    fc.property(fc.json({ depthSize: 'medium', noUnicodeString: false }), fc.dictionary(name, name), (json, texts) => {
      for (const text of [json, JSON.stringify(texts), JSON.stringify([texts, json, { json }], undefined, 2)]) {
        const exact = parse(text);
        expect(exact).toBeDefined();
        expect(plain(exact as ExactJson)).toEqual(JSON.parse(text));
      }
    }),
    { numRuns: 500 },
  );
});

test('numbers keep their digits, texts that look like numbers stay texts', () => {
  const digits = ['0', '-0', '12.50', '1e5', '-1.5E-7', '12345678901234567890.12345678901234567890'];
  const exact = parse(`{"n":[${digits.join(' , ')}],"t":["5","\\"5","\\\\",5,"'5","a 5 b \\u0035"]}`) as Record<
    string,
    readonly ExactJson[]
  >;
  expect(exact[marked('n')]?.map(numberIn)).toEqual(digits);
  expect(exact[marked('t')]?.map(textIn)).toEqual(['5', '"5', '\\', undefined, "'5", 'a 5 b 5']);
});

test.each([
  '',
  ' ',
  'text',
  '01',
  '1.',
  '.5',
  '+1',
  '-',
  '1.2.3',
  'NaN',
  "{'a':1}",
  '{"a":1,}',
  '"\n"',
  '[1}',
  '{} {}',
])('%j is not JSON', (text) => {
  expect(parse(text)).toBeUndefined();
});

test('bytes that are not UTF-8, a byte order mark: as record.json() reads them', () => {
  expect(parseExactJson(Buffer.from([0x22, 0xff, 0x22]))).toBe(marked('\uFFFD'));
  expect(parse('\uFEFF{}')).toEqual({});
});

test('long and deep JSON is read', () => {
  const escapes = JSON.stringify('"'.repeat(1_000_000));
  expect(textIn(parse(escapes) ?? null)).toHaveLength(1_000_000);
  const deep = parse(`${'['.repeat(100_000)}5${']'.repeat(100_000)}`);
  expect(elementsOf(deep)).toEqual(['5']);
});

test('the elements of an array are those of the arrays in it too', () => {
  const elements = elementsOf(parse('[1,[null,[{"a":[2]},[]]],"x"]'));
  expect(new Set(elements)).toEqual(new Set(['1', null, { [marked('a')]: ['2'] }, marked('x')]));
  expect(elementsOf(parse('[]'))).toEqual([]);
  expect(elementsOf(null)).toEqual([null]);
  expect(elementsOf(undefined)).toEqual([undefined]);
});

test('a scalar is neither object nor array nor nothing', () => {
  expect(['5', marked(''), true, null].map(isScalar)).toEqual([true, true, true, true]);
  expect([[], {}, undefined].map((value) => isScalar(value))).toEqual([false, false, false]);
});
