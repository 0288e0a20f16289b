import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SettingsError } from '../../../settings/errors.ts';
import { loadHandler } from '../../../settings/handler.ts';
import { folderWith } from './folder.ts';

async function errorOf(name: string, text: string): Promise<string> {
  const cwd = await folderWith({ [name]: text });
  const error: unknown = await loadHandler(join(cwd, name)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(SettingsError);
  return (error as SettingsError).message.replaceAll(cwd, '<cwd>');
}

test('a function is the handler itself', async () => {
  expect(await loadHandler(errorOf as never)).toBe(errorOf);
});

test.each([
  ['handle.ts', 'const answer: number = 42; export default function handle() { return answer; }'],
  ['handle.mjs', 'export default () => 42;'],
  ['handle.cjs', 'module.exports = () => 42;'],
])('%s: the default export is the handler', async (name, text) => {
  const cwd = await folderWith({ [name]: text });
  const handler = (await loadHandler(join(cwd, name))) as unknown as () => number;
  expect(handler()).toBe(42);
});

test('no default export: names the functions that are there', async () => {
  expect(await errorOf('handle.ts', 'export function handle() {}')).toMatchInlineSnapshot(`
    "The handler cannot be used: <cwd>/handle.ts
      default export: a handler's module must export its function by default: \`export default async function handle(event, context) {}\` (it exports handle by name)"
  `);
});

test('a default export that is not a function', async () => {
  expect(await errorOf('handle.ts', 'export default { handle() {} }')).toMatchInlineSnapshot(`
    "The handler cannot be used: <cwd>/handle.ts
      default export = { handle: [Function: handle] }: a handler's module must export its function by default: \`export default async function handle(event, context) {}\`"
  `);
});

test('a module that throws', async () => {
  expect(await errorOf('handle.ts', 'throw new Error("no database")')).toMatchInlineSnapshot(`
    "The handler cannot be used: <cwd>/handle.ts
      importing it failed: Error: no database (at <cwd>/handle.ts:1)"
  `);
});

test('a file of another kind', async () => {
  expect(await errorOf('handle.py', '')).toMatchInlineSnapshot(`
    "The handler cannot be used: <cwd>/handle.py
      a handler's module ends in .ts, .mts, .cts, .js, .mjs, .cjs"
  `);
});
