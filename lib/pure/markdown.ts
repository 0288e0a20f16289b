/**
 * Text from outside in the markdown that the Temporal UI shows. It stands in code and nowhere else: no escape is enough
 * against links that a renderer makes of bare addresses.
 */
import { visibleText } from './visible.ts';

/** In a line of text. */
export function codeSpan(text: string): string {
  const line = visibleText(text).trim() || ' ';
  const fence = '`'.repeat(longestRun(line) + 1);
  const isPadded = line.startsWith('`') || line.endsWith('`');
  return isPadded ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

/** In lines of its own. */
export function codeBlock(text: string): string {
  const lines = visibleText(text, 'lines');
  const fence = '`'.repeat(Math.max(3, longestRun(lines) + 1));
  return `${fence}\n${lines}\n${fence}`;
}

/** Of backticks. */
function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
