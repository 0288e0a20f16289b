import { describe, expect, test } from 'vitest';
import { styleFor } from '../../../../cli/render/style.ts';
import { plural, shortPosition } from '../../../../cli/render/text.ts';
import { span } from '../../../../lib/pure/span.ts';

test.each([
  [-5, '0s'],
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [192_000, '3m12s'],
  [42 * 60_000, '42m'],
  [185 * 60_000, '3h5m'],
  [26 * 3_600_000, '26h'],
  [4.5 * 86_400_000, '4d'],
])('%d ms is %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});

test('positions are shortened in the middle of their digits', () => {
  expect(shortPosition('shardId-0:123456789012')).toBe('shardId-0:123456789012');
  expect(shortPosition('shardId-0:1234567890123:4')).toBe('shardId-0:1234...0123:4');
});

test('one and many', () => {
  expect([plural(1, 'key'), plural(0, 'key'), plural(2, 'key')]).toEqual(['1 key', '0 keys', '2 keys']);
});

describe('colours', () => {
  const terminal = { write: () => true, isTTY: true, columns: 90 };

  test('on a terminal only', () => {
    expect(styleFor(terminal, {}).red('x')).toBe('\u001b[31mx\u001b[39m');
    expect(styleFor({ ...terminal, isTTY: false }, {}).red('x')).toBe('x');
  });

  test('NO_COLOR is honoured, and does not change how wide a line may be', () => {
    const style = styleFor(terminal, { NO_COLOR: '1' });
    expect([style.red('x'), style.width]).toEqual(['x', 90]);
  });
});
