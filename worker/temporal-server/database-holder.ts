import { readFile, rm, writeFile } from 'node:fs/promises';

/**
 * A file next to a database that says which server has it open. It is used for messages and for the choice between
 * waiting and giving up; it is never the lock itself, which is the kernel's, on the database file, and cannot be left
 * behind.
 */
export interface DatabaseHolder {
  /** The process that started the server. */
  readonly owner: number;
  /** The server's process. */
  readonly pid: number;
  readonly address: string;
  readonly since: string;
}

export async function writeHolder(database: string, holder: DatabaseHolder): Promise<void> {
  await writeFile(noteOf(database), `${JSON.stringify(holder)}\n`);
}

/** Removes the file unless another server has written it meanwhile. */
export async function removeHolder(database: string, pid: number): Promise<void> {
  if ((await readHolder(database))?.pid === pid) await rm(noteOf(database), { force: true });
}

export async function readHolder(database: string): Promise<DatabaseHolder | undefined> {
  try {
    return JSON.parse(await readFile(noteOf(database), 'utf8')) as DatabaseHolder;
  } catch {
    return undefined;
  }
}

export function describeHolder(holder: DatabaseHolder | undefined): string {
  if (holder === undefined) return 'another process';
  const { pid, address, owner, since } = holder;
  return `the server at ${address} (pid ${pid}), which process ${owner} started at ${since}`;
}

function noteOf(database: string): string {
  return `${database}.holder.json`;
}
