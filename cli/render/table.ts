import Table from 'cli-table3';
import type { Style } from './style.ts';

const NO_BORDERS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
);

/** Columns without a head line. */
export function rowsOf(rows: readonly (readonly string[])[]): string {
  const grid = new Table({
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2, compact: true },
  });
  grid.push(...rows.map((row) => [...row]));
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Columns with a head line and nothing drawn around them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  return rowsOf([head.map((title) => style.dim(title)), ...rows]);
}
