import type { VerbName } from '../../contracts/names.ts';

/** A word of a shell command, quoted where it must be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** What a person types for a verb on a record. `program` is how the command line was called. */
export function verbCommand(program: string, verb: VerbName, name: string, position?: string): string {
  const bound = position === undefined ? [] : ['--position', position];
  const data = verb === 'replace' ? ['--data', "'{...}'"] : [];
  const words = [program, verb, ...bound, ...data];
  // A key that looks like an option goes behind the end of the options.
  return [...words, ...(name.startsWith('-') ? ['--'] : []), shellWord(name)].join(' ');
}
