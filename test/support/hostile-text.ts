/** Texts that a record may hold, made to be taken for something else where they are shown, pasted or logged. */
import fc from 'fast-check';

const PIECES = [
  "x'; touch pwned; '",
  '$(touch pwned)',
  '`touch pwned`',
  '; touch pwned #',
  '\\',
  "\\'",
  '"',
  '!!',
  '-x',
  '--all',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '\u0007',
  '\u001b[2J\u001b[H',
  '\u001b]0;pwned\u0007',
  '\u007f',
  '\u0085',
  '\u009b2J',
  '\u009d0;pwned\u009c',
  '\u00a0',
  '\u00ad',
  '\u061c',
  '\u180e',
  '\u200b',
  '\u200d',
  '\u2028',
  '\u202e',
  '\u2066',
  '\u3164',
  '\ufe0f',
  '\ufeff',
  '\ufffd',
  '\ud83d',
  '\ude00',
  '\u{e0041}',
  '😀',
  'żółć',
  '\\u200b',
  '```',
  '````\n# pwned\n',
  '`',
  '[pwned](https://evil.example)',
  '![pwned](https://evil.example/x.png)',
  '<img src=x onerror=alert(1)>',
  'https://evil.example',
  'www.evil.example',
  'ann@evil.example',
  '\n\n# To unblock\n\n',
  '\n- pwned\n',
  '\n    keylane skip --all\n',
  'orders:',
  ' ',
  '%s',
  '*',
  '~',
  'order-13',
];

/** Not empty, and of a length that a list can show. */
export function hostileText(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }) },
    { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 8 }) },
  );
  return fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
}

/** What a terminal acts on, or does not show. */
export const ACTED_ON =
  /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;
