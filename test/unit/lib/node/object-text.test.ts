import fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectText } from '../../../../lib/node/object-text.ts';
import { failureOf, thrownText } from '../../../../contracts/event/thrown.ts';

const WIDTH = 200_000;

function wide(): Record<string, number> {
  return Object.fromEntries(Array.from({ length: WIDTH }, (_, index) => [`field${index}`, index]));
}

function msOf(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

/** To list the names of the fields of a wide object. */
const keysMs = Math.max(...[wide(), wide(), wide()].map((each) => msOf(() => Object.keys(each))));

const shapes: readonly (readonly [string, () => object])[] = [
  ['an object', wide],
  ['an array with fields', () => Object.assign([1], wide())],
  ['a list of wide objects', () => Array.from({ length: 3 }, wide)],
  [
    'one wide object many times',
    () =>
      Array.from(
        { length: 20 },
        (
          (one) => () =>
            one
        )(wide()),
      ),
  ],
  ['an array', () => Array.from({ length: 10 * WIDTH }, (_, index) => index)],
  ['a map', () => new Map(Object.entries(wide()))],
  ['a set', () => new Set(Object.keys(wide()))],
  ['a typed array', () => new Float64Array(50 * WIDTH)],
  ['a buffer', () => Buffer.alloc(50 * WIDTH)],
  ['a string of 10 MB', () => ({ text: 'x'.repeat(10 * 1024 * 1024), ['y'.repeat(10 * 1024 * 1024)]: 1 })],
];

test.each(shapes)('what was thrown is told at once, whatever its width: %s', (_name, make) => {
  const value = make();
  const wideObjects = Array.isArray(value)
    ? new Set(value.slice(0, 20).filter((each) => typeof each === 'object')).size
    : 1;
  const describing = [
    () => failureOf(value),
    () => thrownText(value),
    () => failureOf(new Error('x', { cause: value })),
  ];
  // The quickest of them: whatever else the machine does just then says nothing about us.
  expect(Math.min(...describing.map(msOf))).toBeLessThan(1.5 * keysMs * Math.max(1, wideObjects));
});

test.each([
  [{ a: 1, 'b c': 'two', d: [true, null, undefined] }, "{ a: 1, 'b c': 'two', d: [ true, null, undefined ] }"],
  [{}, '{}'],
  [[], '[]'],
  [new Map([['a', { b: 1 }]]), "Map { 'a' => { b: 1 } }"],
  [new Set([1, 2]), 'Set { 1, 2 }'],
  [Buffer.from([1, 2]), 'Buffer [ 1, 2 ]'],
  [new Date(17), 'Date 17'],
  [Array.from({ length: 30 }, () => 7), `[ ${'7, '.repeat(20)}… ]`],
  [{ a: { b: { c: { d: 1 } } } }, '{ a: { b: { c: [Object] } } }'],
  [{ error: new TypeError('bad', { cause: 'it' }) }, "{ error: TypeError { message: 'bad', cause: 'it' } }"],
  [Object.defineProperty({}, 'a', { enumerable: true, get: () => JSON.parse('{') as never }), '{ a: [Getter] }'],
])('an object is told in one line (%#)', (value, text) => {
  expect(objectText(value)).toBe(text);
});

test('an object that holds itself is told, and any other one in bounded length', () => {
  const self: Record<string, unknown> = {};
  self['self'] = self;
  expect(objectText(self)).toBe('{ self: [Object] }');
  fc.assert(
    fc.property(fc.object({ withMap: true, withSet: true, withTypedArray: true, withDate: true }), (value) => {
      expect(objectText(value).length).toBeLessThan(10_000);
    }),
  );
});
