import fc from 'fast-check';
import { expect, test } from 'vitest';
import { duration } from '../../../settings/fields.ts';

test('a small number without a unit, which may mean seconds, is refused with both ways to write it (fault H7)', () => {
  const refusal = duration().safeParse(30);
  expect(refusal.success).toBe(false);
  expect(refusal.error?.issues[0]?.message).toBe('is 30 milliseconds; write "30ms" if that is meant, or "30s"');
});

test('what has its unit, or is long enough to be milliseconds, is taken (fault H7)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999 }), (n) => {
      expect(duration().safeParse(n).success).toBe(false);
      expect(duration().safeParse(`${n}ms`).success).toBe(true);
      expect(duration().safeParse(`${n}s`).success).toBe(true);
      expect(duration().safeParse(1000 * n).success).toBe(true);
    }),
  );
});
