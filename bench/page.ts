import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

/** As seen from the build. */
export const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const FILE = `${DOCS}PERFORMANCE.md`;

/** Puts the figures of a command into their place in docs/PERFORMANCE.md. `name` is that of the place. */
export async function writeSection(name: string, text: string, command = name): Promise<void> {
  const begin = `<!-- ${name}: written by \`npm run bench -- ${command} --write\` -->`;
  const end = `<!-- end of ${name} -->`;
  const page = await readFile(FILE, 'utf8');
  if (!page.includes(begin) || !page.includes(end)) throw new Error(`${FILE} has no place for the figures of ${name}`);
  const before = page.slice(0, page.indexOf(begin));
  const after = page.slice(page.indexOf(end));
  const written = `${before}${begin}\n\n${text}\n${after}`;
  await writeFile(FILE, await format(written, { ...(await resolveConfig(FILE)), filepath: FILE }));
}
