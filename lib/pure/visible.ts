/**
 * Text from outside (keys, failures, data) for display: characters that a screen does not show, or interprets as a
 * command, are written as escapes. A record must not be able to clear an operator's screen, to change the direction of
 * a line, or to look like another record.
 */

/**
 * Controls (C0, DEL, C1), format characters (bidirectional marks, zero-width spaces, tags), separators, lone
 * surrogates; and code points that Unicode reserves for more format characters.
 */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u2065\ufff0-\ufff8\u{e0000}-\u{e0fff}]/gu;
/** In a name, also what is blank or ignored: two names that differ must look different. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Zs}\p{Co}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** Both join characters of some scripts and of emoji, and change nothing else in a string. */
const JOINERS: ReadonlySet<string> = new Set(['\u200c', '\u200d']);

/** The text for display. Line breaks and tabs are kept only with the layout `lines`. */
export function visibleText(text: string, layout: 'one line' | 'lines' = 'one line'): string {
  return text.replace(CONTROLS, (character) => {
    if (JOINERS.has(character)) return character;
    if (layout === 'lines' && (character === '\n' || character === '\t')) return character;
    return character === '\n' ? ' ' : escaped(character);
  });
}

/**
 * The name for display: unchanged when all of it is visible, otherwise with escapes. Different names always look
 * different, also a name that contains the text of an escape.
 */
export function visibleName(name: string): string {
  if (isVisible(name) && !name.includes(String.raw`\u`)) return name;
  return name
    .replaceAll('\\', String.raw`\\`)
    .replace(INVISIBLE, (character) => (character === ' ' ? character : escaped(character)))
    .replace(/^ | $/g, escaped(' '));
}

/** Whether each character of a name is visible, and so are its start and its end. */
export function isVisible(name: string): boolean {
  return name === name.trim() && [...name.matchAll(INVISIBLE)].every(([character]) => character === ' ');
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}
