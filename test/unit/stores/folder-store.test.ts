import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StoreUnavailableError } from '../../../stores/errors.ts';
import { FolderStore } from '../../../stores/folder-store.ts';
import { storeContract } from '../../contract/store.contract.ts';

let folder: string;
let store: FolderStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keylane-store-'));
  store = new FolderStore(join(folder, 'large', 'events'));
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

storeContract('a folder', () => store);

describe('a folder that is not as it should be', () => {
  const { signal } = new AbortController();

  test('O9 that cannot be written to is one to ask again', async () => {
    const file = join(folder, 'not-a-folder');
    await writeFile(file, '');
    const put = new FolderStore(file).put('orders/shard/1-a', Buffer.from('a'), signal);
    await expect(put).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(put).rejects.toThrow('cannot be written');
  });

  test.skipIf(process.getuid?.() === 0)('keeps no part of what could not be written', async () => {
    const closed = join(folder, 'large', 'events', 'orders', 'closed');
    await store.put('orders/closed/1-a', Buffer.from('a'), signal);
    await chmod(closed, 0o500);
    await expect(store.put('orders/closed/2-b', Buffer.from('b'), signal)).rejects.toThrow('cannot be written');
    expect(await readdir(closed)).toEqual(['1-a']);
    await chmod(closed, 0o700);
  });

  test('O5 O9 of which not even the folder is there is one to ask again: another path, or nothing mounted', async () => {
    const elsewhere = new FolderStore(join(folder, 'elsewhere'));
    const get = elsewhere.get('orders/shard/1-a', signal);
    await expect(get).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(get).rejects.toThrow('elsewhere/orders/shard/1-a');
  });

  test('O9 that somebody has removed is made again', async () => {
    await store.put('orders/removed/1-a', Buffer.from('a'), signal);
    await rm(join(folder, 'large', 'events', 'orders', 'removed'), { recursive: true });
    await expect(store.put('orders/removed/2-b', Buffer.from('b'), signal)).rejects.toThrow('cannot be written');
    await store.put('orders/removed/2-b', Buffer.from('b'), signal);
    expect(Buffer.from(await store.get('orders/removed/2-b', signal)).toString()).toBe('b');
  });

  test('leaves nothing but whole files behind', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.put('orders/race/1-a', Buffer.alloc(100_000, n), signal)),
    );
    expect(await readdir(join(folder, 'large', 'events', 'orders', 'race'))).toEqual(['1-a']);
    expect(new Set(await store.get('orders/race/1-a', signal)).size).toBe(1);
  });
});
