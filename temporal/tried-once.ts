import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<true>();

/** Whatever `run` asks of Temporal is asked once: who calls it repeats, and has to learn of the failure first (O3, O9). */
export async function triedOnce<T>(run: () => Promise<T>): Promise<T> {
  return await storage.run(true, run);
}

/** Whether the request that is being made is one of those. */
export function isTriedOnce(): boolean {
  return storage.getStore() === true;
}
