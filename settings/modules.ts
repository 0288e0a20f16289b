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

/** The exports of a module; a CommonJS module's exports are its default export. Throws what the module throws. */
export async function importModule(file: string): Promise<Record<string, unknown>> {
  if (TYPESCRIPT.has(extname(file))) {
    jiti ??= createTypeScriptLoader();
    const exported: unknown = await jiti.import(file);
    // jiti marks the exports of an ES module, and returns `module.exports` of any other module unchanged.
    return isCompiled(exported) ? exported : { default: exported };
  }
  const exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  // For an ES module that was compiled to CommonJS, Node returns all exports as the default export.
  return isCompiled(exported['default']) ? exported['default'] : exported;
}

function isCompiled(exported: unknown): exported is Record<string, unknown> {
  return typeof exported === 'object' && exported !== null && '__esModule' in exported;
}

function createTypeScriptLoader(): Jiti {
  return createJiti(import.meta.url, {
    // With interop, a module without a default export would seem to have one: itself.
    interopDefault: false,
    // Settings may import `keylane` in a folder in which it is not installed (a global install, npx).
    alias: { keylane: ownIndex() },
  });
}

function ownIndex(): string {
  const built = fileURLToPath(new URL('../index.js', import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL('../index.ts', import.meta.url));
}

/** Formats what a module threw when it was imported, and where in the user's code. */
export function whatFailed(thrown: unknown): string {
  const stack = thrown instanceof Error && typeof thrown.stack === 'string' ? thrown.stack : '';
  const frame = stack.split('\n').find((line) => /^\s+at /.test(line) && !NOT_USER_CODE.test(line));
  const { place, line } = PLACE.exec(frame ?? '')?.groups ?? {};
  return place === undefined ? String(thrown) : `${String(thrown)} (at ${place}:${line})`;
}

const NOT_USER_CODE = /node:internal|\(native\)|[\\/]node_modules[\\/]|[\\/]worker[\\/]settings[\\/]/;
/** The end of a stack trace line. */
const PLACE = /(?:file:\/\/)?(?<place>(?:\/|[A-Za-z]:[\\/])[^()]*):(?<line>\d+):\d+\)?$/;
