import { expect, test } from 'vitest';
import { durationMs } from '../../../../contracts/public/duration.ts';

test('durations are milliseconds, or a number with its unit', () => {
  expect(durationMs(250)).toBe(250);
  expect(durationMs('500ms')).toBe(500);
  expect(durationMs('1.5s')).toBe(1500);
  expect(durationMs('5m')).toBe(300_000);
  expect(durationMs('2h')).toBe(7_200_000);
  expect(durationMs('7d')).toBe(604_800_000);
});

test('anything else is none', () => {
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '', '5', '5 bananas', 's', '-1s', null, {}]) {
    expect(durationMs(value)).toBeUndefined();
  }
});
