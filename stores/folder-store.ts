import { randomUUID } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataGoneError, StoreUnavailableError } from './errors.ts';
import type { EventStore } from './store.ts';

/**
 * A folder, for processes on one machine or with a shared file system.
 *
 * A file gets its name only when all of it has been written to the disk: no reader ever finds a partial file. Files
 * that a process was writing when it died remain, with the suffix `.tmp`.
 */
export class FolderStore implements EventStore {
  readonly identity: string;
  readonly #folder: string;
  /** Folders that are durable, or about to be: that a folder exists does not say that it was written to the disk. */
  readonly #made = new Map<string, Promise<void>>();

  /** @param folder absolute; created with the first object */
  constructor(folder: string) {
    this.#folder = folder;
    this.identity = `folder ${folder}`;
  }

  async put(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const path = this.#path(name);
    const folder = dirname(path);
    const unfinished = join(folder, `${randomUUID()}.tmp`);
    try {
      await this.#make(folder);
      signal.throwIfAborted();
      try {
        await writeThrough(unfinished, bytes);
        await rename(unfinished, path);
        await sync(folder);
      } finally {
        await rm(unfinished, { force: true });
      }
    } catch (error) {
      // The folder may have been removed.
      this.#made.delete(folder);
      signal.throwIfAborted();
      throw this.#unavailable('written', error);
    }
  }

  async get(name: string, signal: AbortSignal): Promise<Uint8Array> {
    try {
      return await readFile(this.#path(name), { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (await this.#isGone(name, error)) {
        throw new DataGoneError(this.identity, `There is no ${name} in ${this.identity}`);
      }
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

  /** Folders are never removed: when the folder is missing too, the path is wrong or the file system is not mounted. */
  async #isGone(name: string, error: unknown): Promise<boolean> {
    if (codeOf(error) !== 'ENOENT') return false;
    try {
      await access(dirname(this.#path(name)));
      return true;
    } catch {
      return false;
    }
  }

  async #make(folder: string): Promise<void> {
    const making = this.#made.get(folder) ?? makeFolder(folder, this.#folder);
    this.#made.set(folder, making);
    await making;
  }

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

/**
 * A folder is durable only when its parent has been written to the disk: below the root by any process, and
 * above only where it is new, since existing folders may not be readable.
 */
async function makeFolder(folder: string, root: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  const isToSync = (made: string) => made.length > root.length || (first !== undefined && made.length >= first.length);
  for (let made = folder; isToSync(made); made = dirname(made)) await sync(dirname(made));
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
