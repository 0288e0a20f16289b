import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createJiti, type Jiti } from 'jiti';

/*
 * Imports the modules of users: the settings file and handlers, TypeScript or JavaScript.
 *
 * Owns one jiti instance for the process, so that a module which the settings and a handler both import is evaluated
 * once. JavaScript goes through Node's own import.
 */

const TYPESCRIPT: ReadonlySet<string> = new Set(['.ts', '.mts', '.cts']);
const JAVASCRIPT: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs']);

export const MODULE_ENDINGS: readonly string[] = [...TYPESCRIPT, ...JAVASCRIPT];

let jiti: Jiti | undefined;

/** The exports of a module. Throws whatever the module throws. */
export async function importModule(file: string): Promise<Record<string, unknown>> {
  if (TYPESCRIPT.has(extname(file))) {
    jiti ??= createTypeScriptLoader();
    return jiti.import(file);
  }
  return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
}

function createTypeScriptLoader(): Jiti {
  return createJiti(import.meta.url, {
    // With it a module without a default export would seem to have one: itself.
    interopDefault: false,
    // Settings may say `from 'keylane'` in a folder in which it is not installed (a global install, npx).
    alias: { keylane: ownIndex() },
  });
}

function ownIndex(): string {
  const built = fileURLToPath(new URL('../../index.js', import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL('../../index.ts', import.meta.url));
}
