import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  comparePositions,
  compareSequenceNumbers,
  formatPosition,
  parsePosition,
} from '../../../../contracts/event/position.ts';

const digits = fc.bigInt({ min: 0n, max: 10n ** 129n }).map(String);
const position = fc.record(
  { shardId: fc.stringMatching(/^[\w.-]{1,40}$/), sequenceNumber: digits, subSequenceNumber: fc.nat() },
  { requiredKeys: ['shardId', 'sequenceNumber'] },
);

describe('positions', () => {
  test('O6 sequence numbers compare as numbers of any length, leading zeros or not', () => {
    fc.assert(
      fc.property(digits, digits, fc.nat(5), (a, b, zeros) => {
        const difference = BigInt(a) - BigInt(b);
        const sign = difference === 0n ? 0 : difference > 0n ? 1 : -1;
        expect(Math.sign(compareSequenceNumbers('0'.repeat(zeros) + a, b))).toBe(sign);
      }),
    );
  });

  test('a record of an aggregate stands behind the one before it', () => {
    const at = (subSequenceNumber: number) => ({ shardId: 's', sequenceNumber: '5', subSequenceNumber });
    expect(comparePositions(at(0), at(1))).toBeLessThan(0);
    expect(comparePositions(at(1), { shardId: 's', sequenceNumber: '6' })).toBeLessThan(0);
  });

  test('what people see can be typed back', () => {
    fc.assert(
      fc.property(position, (one) => {
        expect(parsePosition(formatPosition(one))).toEqual(one);
      }),
    );
  });

  test('anything else is no position', () => {
    for (const text of ['', 'x', 'a:b', 'a:1:b', 'a:1:2:3', 'a b:1']) expect(parsePosition(text)).toBeUndefined();
  });
});
