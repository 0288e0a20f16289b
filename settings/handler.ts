import { extname } from 'node:path';
import type { Handler } from '../contracts/public/handler.ts';
import { SettingsError, type SettingsProblem } from './errors.ts';
import { importModule, MODULE_ENDINGS, whatFailed } from './modules.ts';
import { showValue } from './problems.ts';

/**
 * Returns the handler: a function as it is, a path as the default export of its module.
 * @throws {SettingsError} if the module cannot be imported, or its default export is not a function
 */
export async function loadHandler(handler: string | Handler): Promise<Handler> {
  if (typeof handler === 'function') return handler;
  const exported = await importHandler(handler);
  if (typeof exported['default'] === 'function') return exported['default'] as Handler;
  throw handlerError(handler, [
    {
      path: 'default export',
      ...(exported['default'] === undefined ? {} : { value: showValue(exported['default']) }),
      message: `a handler's module must export its function by default: \`export default async function handle(event, context) {}\`${otherExports(exported)}`,
    },
  ]);
}

async function importHandler(file: string): Promise<Record<string, unknown>> {
  if (!MODULE_ENDINGS.includes(extname(file))) {
    throw handlerError(file, [{ path: '', message: `a handler's module ends in ${MODULE_ENDINGS.join(', ')}` }]);
  }
  try {
    return await importModule(file);
  } catch (error) {
    throw handlerError(file, [{ path: '', message: `importing it failed: ${whatFailed(error)}` }], error);
  }
}

function handlerError(file: string, problems: readonly SettingsProblem[], cause?: unknown): SettingsError {
  return new SettingsError(file, problems, cause === undefined ? {} : { cause }, 'handler');
}

function otherExports(exported: Record<string, unknown>): string {
  const functions = Object.keys(exported).filter((name) => name !== 'default' && typeof exported[name] === 'function');
  return functions.length === 0 ? '' : ` (it exports ${functions.join(', ')} by name)`;
}
