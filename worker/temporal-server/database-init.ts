import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { isProcessAlive } from './process-alive.ts';

/**
 * The server creates the tables of a new database at its first start and never checks them again: when it is killed
 * while doing that, it leaves a file with which no server starts. So a database has a marker file next to it until a
 * server was healthy on it. A marked database has no data that was ever in use, so it is deleted when the process that
 * marked it has ended.
 */
export async function markUninitialized(database: string): Promise<void> {
  const owner = Number(await readFile(markOf(database), 'utf8').catch(() => ''));
  if (owner > 0 && !isProcessAlive(owner)) {
    for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${database}${suffix}`, { force: true });
  }
  if (!existsSync(database)) await writeFile(markOf(database), String(process.pid));
}

export async function databaseIsReady(database: string): Promise<void> {
  await rm(markOf(database), { force: true });
}

function markOf(database: string): string {
  return `${database}.unfinished`;
}
