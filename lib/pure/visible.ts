/**
 * Text from outside (keys, failures, data) for somebody to read: what a screen does not show, or takes for a command, is
 * written as an escape. A record must not be able to clear an operator's screen, to turn the direction of a line, or to
 * look like another record.
 */

/**
 * Controls (C0, DEL, C1), format characters (bidirectional marks, zero-width spaces, tags), separators, lone surrogates;
 * and the code points that Unicode keeps for more format characters, which no category has yet.
 */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u2065\ufff0-\ufff8\u{e0000}-\u{e0fff}]/gu;
/** In a name, also what is blank or ignored: two names that differ must look different. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Zs}\p{Co}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** Both join characters of some scripts and of emoji, and change nothing else in a text. */
const JOINERS: ReadonlySet<string> = new Set(['\u200c', '\u200d']);

/** A text to read. Line breaks and tabs stay only where `lines` are asked for. */
export function visibleText(text: string, layout: 'one line' | 'lines' = 'one line'): string {
  return text.replace(CONTROLS, (character) => {
    if (JOINERS.has(character)) return character;
    if (layout === 'lines' && (character === '\n' || character === '\t')) return character;
    return character === '\n' ? ' ' : escaped(character);
  });
}

/**
 * A name to recognise: as it is when all of it can be seen, else with escapes. Different names always look different,
 * also one that has an escape written in it.
 */
export function visibleName(name: string): string {
  if (isVisible(name) && !name.includes(String.raw`\u`)) return name;
  return name
    .replaceAll('\\', String.raw`\\`)
    .replace(INVISIBLE, (character) => (character === ' ' ? character : escaped(character)))
    .replace(/^ | $/g, escaped(' '));
}

/** Whether each character of a name can be seen, and where it begins and ends. */
export function isVisible(name: string): boolean {
  return name === name.trim() && [...name.matchAll(INVISIBLE)].every(([character]) => character === ' ');
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}
