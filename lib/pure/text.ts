/**
 * Strings that came from outside, made safe to store and to send.
 *
 * A JavaScript string may end in half a surrogate pair. Protobuf and UTF-8 have no form for that: one such string in a
 * payload or in a failure makes a whole request, or a worker's answer, unreadable.
 */

/** The string with each lone surrogate replaced by U+FFFD, so that it has a UTF-8 form. */
export function wellFormed(text: string): string {
  return text.toWellFormed();
}

/**
 * The string, well-formed and of at most `maxLength` UTF-16 code units; a cut never splits a character. A string that is
 * cut ends in an ellipsis, which counts.
 * @param maxLength at least 1
 */
export function truncate(text: string, maxLength: number): string {
  if (text.length <= maxLength) return wellFormed(text);
  const kept = text.slice(0, maxLength - 1);
  return `${wellFormed(endsInHighSurrogate(kept) ? kept.slice(0, -1) : kept)}…`;
}

function endsInHighSurrogate(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
