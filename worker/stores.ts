import type { Settings } from '../settings/settings.ts';
import { Claims } from '../stores/claims.ts';
import { openStore } from '../stores/open.ts';
import type { Closers } from '../lib/node/closers.ts';

/** Opens the store of large events of each pipeline that has one. */
export async function openStores(settings: Settings, closers: Closers): Promise<ReadonlyMap<string, Claims>> {
  const claims = new Map<string, Claims>();
  for (const [name, { largeEvents }] of settings.pipelines) {
    if (largeEvents.store === undefined) continue;
    const store = await openStore(largeEvents.store);
    closers.add(store.identity, () => store.close());
    claims.set(name, new Claims(store, name));
  }
  return claims;
}
