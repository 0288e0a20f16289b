import { visibleText } from '../../contracts/visible.ts';

/** Text from outside (failures, reasons, data) for a terminal. Names are shown by `visibleName`. */
export const printable = visibleText;

export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(0, most - 3))}...`;
}

export function indent(text: string, by = '  '): string {
  return text.replace(/^(?=.)/gm, by);
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
