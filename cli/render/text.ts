/**
 * Text from outside (keys, failures, data) for a terminal: control characters are made visible, since a record must not
 * be able to clear an operator's screen or to write what looks like our words. Line breaks stay only where asked for.
 */
export function printable(text: string, lines: 'one line' | 'lines' = 'one line'): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    if (lines === 'lines' && (character === '\n' || character === '\t')) return character;
    if (character === '\n') return ' ';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

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
