import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDecimals, decimalOf } from '../../../../sources/filter/decimal.ts';

/** A decimal as digits times a power of ten, and the ways to write it. */
const decimal = fc.record({
  digits: fc.oneof(fc.bigInt(-20n, 20n), fc.bigInt(-(10n ** 40n), 10n ** 40n)),
  power: fc.integer({ min: -25, max: 25 }),
});

function written({ digits, power }: { digits: bigint; power: number }, form: number): string {
  const sign = digits < 0n ? '-' : '';
  const text = (digits < 0n ? -digits : digits).toString();
  if (form === 0) return `${sign}${text}e${power}`;
  if (form === 1) return `${sign}${text[0]}.${text.slice(1)}0E+${power + text.length - 1}`.replace('E+-', 'E-');
  if (power >= 0) return `${sign}${text}${'0'.repeat(power)}${form === 2 ? '' : '.00'}`;
  const padded = text.padStart(1 - power, '0');
  return `${sign}${padded.slice(0, power)}.${padded.slice(power)}${form === 2 ? '' : '00'}`;
}

const scaled = ({ digits, power }: { digits: bigint; power: number }) => digits * 10n ** BigInt(power + 25);

test('decimals compare as the numbers that they are, however they are written', () => {
  fc.assert(
    fc.property(decimal, decimal, fc.nat(3), fc.nat(3), (a, b, formA, formB) => {
      const order = Number(scaled(a) > scaled(b)) - Number(scaled(a) < scaled(b));
      expect(Math.sign(compareDecimals(written(a, formA), written(b, formB)))).toBe(order);
      expect(Math.sign(compareDecimals(written(a, formA), written(a, formB)))).toBe(0);
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['9007199254740993', '9007199254740992', 1],
  ['0.1000000000000000000001', '0.1', 1],
  ['-0.1000000000000000000001', '-0.1', -1],
  ['0', '-0.000e5', 0],
  ['1e400', '1e399', 1],
  ['1e-400', '0', 1],
  ['-1e400', '1e-400', -1],
  ['1e999999999999999999', '2e999999999999999999', -1],
])('%s and %s', (a, b, order) => {
  expect(Math.sign(compareDecimals(a, b))).toBe(order);
  expect(Math.sign(compareDecimals(b, a))).toBe(0 - order);
});

test('a million digits take no time', () => {
  const zeros = '0'.repeat(1_000_000);
  expect(compareDecimals(`1${zeros}1`, `1${zeros}`)).toBeGreaterThan(0);
  expect(compareDecimals(`0.${zeros}1`, '0')).toBeGreaterThan(0);
});

test.each([
  [100, '100'],
  [-0, '0'],
  [12.5, '12.5'],
  [1e-7, '1e-7'],
  [12345678901234567890n, '12345678901234567890'],
])('%s in a pattern is %s', (value, text) => {
  expect(decimalOf(value)).toBe(text);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e300, '5', null])(
  '%s in a pattern is no exact number',
  (value) => {
    expect(decimalOf(value)).toBeUndefined();
  },
);
