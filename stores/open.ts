import type { StoreConfig } from '../contracts/public/store-config.ts';
import { FolderStore } from './folder-store.ts';
import type { EventStore } from './store.ts';

/** Opens the adapter for a store of the settings. Sends no request yet. */
export async function openStore(config: StoreConfig): Promise<EventStore> {
  if (config.kind === 'folder') return new FolderStore(config.path);
  // Its client is slow to load, and few processes need it.
  const { S3Store } = await import('./s3-store.ts');
  return new S3Store(config);
}
