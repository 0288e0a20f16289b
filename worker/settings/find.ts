import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SettingsError } from './errors.ts';

/** In the order in which they are looked for; the first that is there is taken. */
export const SETTINGS_FILES: readonly string[] = ['ts', 'mts', 'js', 'mjs'].map((ending) => `keylane.config.${ending}`);

/**
 * Absolute path of the settings file: the one named, or the one in the folder.
 * @throws {SettingsError} if there is none
 */
export async function findSettingsFile(cwd: string, named: string | undefined): Promise<string> {
  if (named !== undefined) {
    const file = resolve(cwd, named);
    if (await isFile(file)) return file;
    throw new SettingsError(file, [{ path: '', message: 'there is no such file' }]);
  }
  for (const name of SETTINGS_FILES) {
    const file = join(cwd, name);
    if (await isFile(file)) return file;
  }
  throw new SettingsError(cwd, [
    {
      path: '',
      message: `there is no ${SETTINGS_FILES.join(', ')} in this folder: write one, or name it with --config`,
    },
  ]);
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
