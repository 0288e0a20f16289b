import fc from 'fast-check';
import { expect, test } from 'vitest';
import { summaryOf } from '../../../../contracts/lane/start.ts';
import { codeBlock, codeSpan } from '../../../../lib/pure/markdown.ts';
import { outsideOfCode } from '../../../support/markdown.ts';
import { hostileText } from '../../../support/hostile-text.ts';

test('whatever the text, all of it is code (fault E1)', () => {
  fc.assert(
    fc.property(hostileText(), (text) => {
      expect(outsideOfCode(`before ${codeSpan(text)} after`)).toEqual(['before ', ' after']);
      expect(outsideOfCode(`before\n\n${codeBlock(text)}\n\nafter`)).toEqual(['before', '', '', 'after']);
    }),
    { numRuns: 500 },
  );
});

test('a summary is the key in code, and fits what Temporal takes (fault E1)', () => {
  expect(summaryOf('order-42')).toBe('order-42');
  fc.assert(
    fc.property(hostileText(), fc.integer({ min: 1, max: 200 }), (text, times) => {
      const summary = summaryOf(text.repeat(times));
      expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(400);
      if (!/^[A-Za-z0-9-]+$/.test(summary)) expect(outsideOfCode(summary)).toEqual(['', '']);
    }),
  );
});
