import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataGoneError, StoreUnavailableError } from './errors.ts';
import type { EventStore } from './store.ts';

/**
 * A folder, for processes of one machine or with a file system that all of them see.
 *
 * A file has its name only when all of it has been written through to the disk: nobody ever finds a part of one. What a
 * process that died was writing stays behind with `.tmp` at its end.
 */
export class FolderStore implements EventStore {
  readonly identity: string;
  readonly #folder: string;

  /** @param folder absolute; created with the first object */
  constructor(folder: string) {
    this.#folder = folder;
    this.identity = `folder ${folder}`;
  }

  async put(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const path = this.#path(name);
    const unfinished = `${path}.${randomUUID()}.tmp`;
    try {
      await makeFolder(dirname(path));
      signal.throwIfAborted();
      try {
        await writeThrough(unfinished, bytes);
        await rename(unfinished, path);
        await sync(dirname(path));
      } finally {
        await rm(unfinished, { force: true });
      }
    } catch (error) {
      signal.throwIfAborted();
      throw this.#unavailable('written', error);
    }
  }

  async get(name: string, signal: AbortSignal): Promise<Uint8Array> {
    try {
      return await readFile(this.#path(name), { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (codeOf(error) === 'ENOENT') throw new DataGoneError(this.identity, `There is no ${name} in ${this.identity}`);
      throw this.#unavailable('read', error);
    }
  }

  async delete(name: string): Promise<void> {
    try {
      await rm(this.#path(name), { force: true });
    } catch (error) {
      throw this.#unavailable('deleted', error);
    }
  }

  close(): void {}

  #path(name: string): string {
    return join(this.#folder, ...name.split('/'));
  }

  #unavailable(what: string, error: unknown): StoreUnavailableError {
    const why = error instanceof Error ? error.message : String(error);
    return new StoreUnavailableError(this.identity, `Data of a large event cannot be ${what}: ${why}`, {
      cause: error,
    });
  }
}

async function writeThrough(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A folder that is new is only there for good when the one above it has been written through. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await sync(dirname(made));
}

async function sync(folder: string): Promise<void> {
  const opened = await open(folder, 'r');
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null)?.code;
}
