import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const NOT_OURS: ReadonlySet<string> = new Set(['node_modules', 'dist']);

/** Files of the working tree with this ending, below `folder` of the root, as paths relative to the root. */
export function filesOf(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return NOT_OURS.has(entry.name) || entry.name.startsWith('.') ? [] : filesOf(path, ending);
    }
    return entry.name.endsWith(ending) ? [relative('.', path).split(sep).join('/')] : [];
  });
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** The folders that the program is made of. */
export const SOURCE_FOLDERS = [
  'lib',
  'contracts',
  'aws',
  'sources',
  'stores',
  'settings',
  'temporal',
  'bridge',
  'workflows',
  'activities',
  'worker',
  'operations',
  'cli',
  'demo',
  'bench',
] as const;

export type SourceFolder = (typeof SOURCE_FOLDERS)[number];

export function sourceFiles(): string[] {
  return SOURCE_FOLDERS.flatMap((folder) => filesOf(folder, '.ts'));
}
