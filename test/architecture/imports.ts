import { posix } from 'node:path';
import { textOf } from './files.ts';

export interface Import {
  /** The file that has it, relative to the root. */
  readonly file: string;
  /** A file relative to the root, or a package as it is written. */
  readonly target: string;
  readonly isRelative: boolean;
  /** Gone after compilation. With `verbatimModuleSyntax` only a whole statement can be: `import type`. */
  readonly typeOnly: boolean;
}

const STATEMENT = /^(?:import|export)\s+(?<type>type\s+)?(?:[^'"`;()]*?\sfrom\s+)?'(?<from>[^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'(?<from>[^']+)'\s*\)/g;

/** The imports and re-exports of a file. Prettier and the lint rules keep them in the form that is looked for. */
export function importsOf(file: string): Import[] {
  const text = textOf(file);
  return [...text.matchAll(STATEMENT), ...text.matchAll(DYNAMIC)].map(({ groups }) => {
    const from = groups?.['from'] ?? '';
    const isRelative = from.startsWith('.');
    return {
      file,
      target: isRelative ? posix.join(posix.dirname(file), from) : from,
      isRelative,
      typeOnly: groups?.['type'] !== undefined,
    };
  });
}
