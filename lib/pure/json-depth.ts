/** Maximum levels of lists and objects in data that is sent as JSON. */
const MAX_LEVELS = 100;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
/** The brackets of lists and objects. */
const [OPENING, CLOSING] = [
  [0x5b, 0x7b],
  [0x5d, 0x7d],
];

/**
 * Whether a string, if it is JSON, is nested too deeply to be sent as JSON: `JSON.stringify` calls itself for each level,
 * and a request or a lane's state that overflows the stack could never be written.
 */
export function isDeep(text: string): boolean {
  let depth = 0;
  let isInText = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) isInText = !isInText;
    else if (isInText) index += code === BACKSLASH ? 1 : 0;
    else if (OPENING.includes(code)) depth += 1;
    else if (CLOSING.includes(code)) depth -= 1;
    if (depth > MAX_LEVELS) return true;
  }
  return false;
}
