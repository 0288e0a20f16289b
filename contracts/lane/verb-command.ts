/** Commands that are proposed to an operator: what is pasted decides on this record of this key and on nothing else. */
import type { VerbName } from '../names.ts';
import { isTypable, jsonWord, shellWord } from '../../lib/pure/shell-word.ts';

/** What `--target` takes: any key, also one that cannot be typed. */
export interface Target {
  readonly pipeline: string;
  readonly key: string;
  /** The record that is meant. */
  readonly position?: string;
}

export interface NamedTarget extends Target {
  /** The key as it is typed, where it can be. */
  readonly name: string;
}

/** @param program how the command line is called */
export function verbCommand(program: string, verb: VerbName, target: NamedTarget): string {
  const data = verb === 'replace' ? ['--data', "'{...}'"] : [];
  return [program, verb, ...targetWords(target, data)].join(' ');
}

/** The words that name a key, and the record when that is given. */
export function targetWords({ name, pipeline, key, position }: NamedTarget, options: readonly string[] = []): string[] {
  if (!isTypable(name)) {
    return ['--target', jsonWord({ pipeline, key, ...(position === undefined ? {} : { position }) }), ...options];
  }
  const bound = position === undefined ? [] : ['--position', shellWord(position)];
  // A key that looks like an option goes behind the end of the options.
  return [...bound, ...options, ...(name.startsWith('-') ? ['--'] : []), shellWord(name)];
}
