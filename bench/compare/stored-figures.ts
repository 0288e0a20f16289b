/** The figures that docs/PERFORMANCE.md shows. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { DOCS } from '../page.ts';
import type { ServerName } from './backends/servers.ts';
import type { Figures } from './figures.ts';

export const FOLDER = `${DOCS}performance/`;

/** Of the files, and of the place in docs/PERFORMANCE.md. */
export function nameOf(server: ServerName): string {
  return server === 'dev' ? 'compare' : server;
}

export async function storeFigures(figures: Figures): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}${nameOf(figures.server)}.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
}

export async function storedFigures(server: ServerName): Promise<Figures | undefined> {
  try {
    return JSON.parse(await readFile(`${FOLDER}${nameOf(server)}.json`, 'utf8')) as Figures;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
