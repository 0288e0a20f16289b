import type { StoreConfig } from '../contracts/public/store-config.ts';
import { FolderStore } from './folder-store.ts';
import type { EventStore } from './store.ts';

/** The adapter for a store of the settings. Asks nothing of it yet. */
export async function openStore(config: StoreConfig): Promise<EventStore> {
  if (config.kind === 'folder') return new FolderStore(config.path);
  // Its client takes a while to load, and few need it.
  const { S3Store } = await import('./s3-store.ts');
  return new S3Store(config);
}
