import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { isProcessAlive } from './process-alive.ts';

/**
 * The server makes the tables of a new database at its first start and never looks again: killed in the middle of that
 * it leaves a file with which no server starts. So a database has a mark beside it until a server was healthy on it.
 * Marked, it holds nothing yet that anybody was given, and when the process that marked it is gone it can go.
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
