import { visibleText } from '../../lib/pure/visible.ts';

/** Text from outside (failures, reasons, data) for a terminal. Names are shown by `visibleName`. */
export const printable = visibleText;

export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, Math.max(0, max - 3))}...`;
}

export function indent(text: string, by = '  '): string {
  return text.replace(/^(?=.)/gm, by);
}

const MIN_FOLD = 20;

/**
 * Text from outside in lines that are no wider than the terminal leaves room for: what a terminal wraps by itself begins in
 * its first column, where our own words stand. Nothing is folded where the output is no terminal.
 * @param taken columns that are in use before each line
 */
export function folded(text: string, width: number | undefined, taken = 2): string {
  if (width === undefined) return text;
  const room = Math.max(MIN_FOLD, width - taken);
  return text
    .split('\n')
    .flatMap((line) => pieces(line, room))
    .join('\n');
}

function pieces(line: string, room: number): string[] {
  const found = [''];
  let used = 0;
  for (const character of line) {
    // Characters beyond ASCII may take two columns, and a tab up to eight.
    const columns = character === '\t' ? 8 : character > '~' ? 2 : 1;
    if (used + columns > room) {
      found.push('');
      used = 0;
    }
    found[found.length - 1] += character;
    used += columns;
  }
  return found;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `shardId-000000000003:4959...8898` for a position that is too long for a table; `--wide` and --json have all of it. */
export function shortPosition(position: string): string {
  const [shard = '', sequence = '', ...sub] = position.split(':');
  const digits = sequence.length <= 12 ? sequence : `${sequence.slice(0, 4)}...${sequence.slice(-4)}`;
  return [shard, digits, ...sub].join(':');
}
