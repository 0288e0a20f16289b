/**
 * Formats text from outside in the markdown that the Temporal UI shows. It is always formatted as code: no escape is
 * enough against links that a renderer makes of bare addresses.
 */
import { visibleText } from './visible.ts';

/** The text as code within a line. */
export function codeSpan(text: string): string {
  const line = visibleText(text).trim() || ' ';
  const fence = '`'.repeat(longestRun(line) + 1);
  const isPadded = line.startsWith('`') || line.endsWith('`');
  return isPadded ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

/** The text as code in lines of its own. */
export function codeBlock(text: string): string {
  const lines = visibleText(text, 'lines');
  const fence = '`'.repeat(Math.max(3, longestRun(lines) + 1));
  return `${fence}\n${lines}\n${fence}`;
}

/** The length of the longest run of backticks. */
function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
