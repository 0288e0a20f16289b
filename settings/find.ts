import { access, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SettingsError } from './errors.ts';

/** In the order of the search; the first file that exists is used. */
const ENDINGS = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'];
export const SETTINGS_FILES: readonly string[] = ENDINGS.map((ending) => `keylane.config.${ending}`);

/**
 * Absolute path of the settings file: the one named, or else the one that {@link nearestSettingsFile} finds.
 * @throws {SettingsError} if there is none
 */
export async function findSettingsFile(cwd: string, named: string | undefined): Promise<string> {
  if (named !== undefined) {
    const file = resolve(cwd, named);
    if (await isFile(file)) return file;
    throw new SettingsError(file, [{ path: '', message: 'the file does not exist' }]);
  }
  const nearest = await nearestSettingsFile(cwd);
  if (nearest !== undefined) return nearest;
  throw new SettingsError(cwd, [
    {
      path: '',
      message: `there is no ${SETTINGS_FILES.join(', ')} in this folder or above it: write one, or name it with --config`,
    },
  ]);
}

/**
 * The settings file in the folder, or in the nearest folder above it. The search ends at the root of a repository: what lies
 * above it belongs to something else.
 */
export async function nearestSettingsFile(cwd: string): Promise<string | undefined> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    for (const name of SETTINGS_FILES) {
      const file = join(folder, name);
      if (await isFile(file)) return file;
    }
    if (folder === dirname(folder) || (await exists(join(folder, '.git')))) return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
