import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isVisible, visibleName, visibleText } from '../../../../lib/pure/visible.ts';
import { ACTED_ON, hostileText } from '../../../support/hostile-text.ts';

test('a name that can be seen stays as it is', () => {
  for (const name of ['order-42', 'eu:7', 'żółć', 'two words', String.raw`a\b`, '{"id":"7"}', '😀']) {
    expect(visibleName(name)).toBe(name);
  }
});

test.each([
  ['x\norder-13', String.raw`x\u000aorder-13`],
  ['a\u200bb', String.raw`a\u200bb`],
  ['a\u00a0b', String.raw`a\u00a0b`],
  ['\ufeffa ', String.raw`\ufeffa\u0020`],
  [String.raw`a\u200bb`, String.raw`a\\u200bb`],
  ['\u{e0041}', String.raw`\u{e0041}`],
])('%j is shown as %s (fault E4)', (name, shown) => {
  expect(visibleName(name)).toBe(shown);
});

test('names that differ look different, and none has a character that a terminal acts on (fault E4)', () => {
  const pair = fc.tuple(hostileText(), hostileText());
  fc.assert(
    fc.property(pair, ([a, b]) => {
      expect(visibleName(a) === visibleName(b)).toBe(a === b);
      expect(isVisible(visibleName(a))).toBe(true);
      expect(visibleName(a)).not.toMatch(ACTED_ON);
    }),
    { numRuns: 500 },
  );
  // The escape of a name is a name as well.
  fc.assert(
    fc.property(hostileText(), (name) => {
      const shown = visibleName(name);
      if (shown !== name) expect(visibleName(shown)).not.toBe(shown);
    }),
  );
});

test('a text keeps its line breaks only where lines are asked for (fault E2)', () => {
  fc.assert(
    fc.property(hostileText(), (text) => {
      expect(visibleText(text)).not.toMatch(ACTED_ON);
      const lines = visibleText(text, 'lines');
      expect(lines.replaceAll(/[\n\t]/g, '')).not.toMatch(ACTED_ON);
      expect(lines.split('\n')).toHaveLength(text.split('\n').length);
    }),
  );
});

test('every code point that a terminal acts on, or does not show, becomes an escape (fault E2)', () => {
  for (let code = 0; code <= 0x10ffff; code += 1) {
    const character = String.fromCodePoint(code);
    if (character === '\n' || !ACTED_ON.test(character)) continue;
    expect(visibleText(`a${character}b`), code.toString(16)).toMatch(/^a\\u\{?[0-9a-f]+\}?b$/);
  }
});
