import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { truncate, wellFormed } from '../../../../lib/pure/text.ts';

const anyString = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });

describe('strings from outside', () => {
  test('half a surrogate pair becomes U+FFFD, a whole pair stays', () => {
    expect(wellFormed('bad \ud83d')).toBe('bad \ufffd');
    expect(wellFormed('good \ud83d\ude00')).toBe('good \ud83d\ude00');
  });

  test('a cut never splits a character, and says that something was cut', () => {
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abcd', 3)).toBe('ab…');
    expect(truncate('a\ud83d\ude00bc', 3)).toBe('a…');
  });

  test('whatever the string: the result is well-formed and no longer than allowed', () => {
    fc.assert(
      fc.property(anyString, fc.integer({ min: 1, max: 40 }), (text, maxLength) => {
        const cut = truncate(text, maxLength);
        expect(cut.isWellFormed()).toBe(true);
        expect(cut.length).toBeLessThanOrEqual(maxLength);
      }),
    );
  });
});
