/** Commands that are shown to an operator. A pasted command acts on this record of this key and on nothing else. */
import type { VerbName } from '../names.ts';
import { isTypable, jsonWord, shellWord } from '../../lib/pure/shell-word.ts';

/** The argument of `--target`: any key, including one that cannot be typed. */
export interface Target {
  readonly pipeline: string;
  readonly key: string;
  /** The record that the command applies to. */
  readonly position?: string;
}

export interface NamedTarget extends Target {
  /** The key as it is typed, if it can be typed. */
  readonly name: string;
}

/** @param program name of the command-line program */
export function verbCommand(program: string, verb: VerbName, target: NamedTarget): string {
  const data = verb === 'replace' ? ['--data', "'{...}'"] : [];
  return [program, verb, ...targetWords(target, data)].join(' ');
}

/** The arguments that name a key, and the record if it is given. */
export function targetWords({ name, pipeline, key, position }: NamedTarget, options: readonly string[] = []): string[] {
  if (!isTypable(name)) {
    return ['--target', jsonWord({ pipeline, key, ...(position === undefined ? {} : { position }) }), ...options];
  }
  const bound = position === undefined ? [] : ['--position', shellWord(position)];
  // A key that looks like an option comes after `--`.
  return [...bound, ...options, ...(name.startsWith('-') ? ['--'] : []), shellWord(name)];
}
