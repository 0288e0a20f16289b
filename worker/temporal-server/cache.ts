import { chmod, mkdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import process from 'node:process';

/** The release of the temporal CLI that is fetched or built; the same as in tools/temporal-cli/go.mod. */
export const TEMPORAL_CLI_VERSION = '1.8.2';

export const BINARY_NAME = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/**
 * Where a binary that was downloaded or built is kept. Outside node_modules, so that a fresh install does not build
 * again. KEYLANE_CACHE names Keylane's cache folder; else it is `keylane` in the user's cache folder.
 */
export function cachedBinary(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), `temporal-${TEMPORAL_CLI_VERSION}`, BINARY_NAME);
}

/** The folder of what Keylane keeps for later runs, with a folder for each version. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env['KEYLANE_CACHE']) return resolve(env['KEYLANE_CACHE']);
  const xdg = env['XDG_CACHE_HOME'];
  // By the XDG specification a relative path is ignored.
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(env['HOME'] ?? homedir(), '.cache'), 'keylane');
}

/**
 * Moves a finished binary to its place atomically, so that no process sees a part of it. Both are on the same file
 * system.
 */
export async function moveIntoCache(file: string, target: string): Promise<void> {
  await chmod(file, 0o755);
  await mkdir(dirname(target), { recursive: true });
  await rename(file, target);
}
