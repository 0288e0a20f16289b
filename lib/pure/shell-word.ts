/**
 * Words of commands that are printed to be pasted into sh, bash, zsh or fish: each shell must pass on exactly these
 * bytes and run nothing else.
 */
import { isVisible } from './visible.ts';

/** The text, in quotes where a shell needs them. {@link isTypable} says whether it can be pasted at all. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * Whether a word in single quotes names exactly this text: there is no NUL in an argument, a terminal acts on control
 * characters that are pasted, invisible ones get lost on the way, and fish takes a backslash in quotes for an escape.
 */
export function isTypable(word: string): boolean {
  return word !== '' && isVisible(word) && !word.includes('\\');
}

/** A value as JSON in one shell word. */
export function jsonWord(value: unknown): string {
  return `'${asciiJson(value)}'`;
}

/** JSON of visible ASCII, without a quote or a doubled backslash: any string can be named with it, in any shell. */
export function asciiJson(value: unknown): string {
  return (
    JSON.stringify(value)
      .replace(/\\(["\\])/g, (_escape, character: string) => unicodeEscape(character))
      // Outside of strings JSON has no such characters.
      .replace(/[^\x20-\x26\x28-\x7e]/g, unicodeEscape)
  );
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
