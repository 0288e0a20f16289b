import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<true>();

/**
 * Sends the requests of `run` to Temporal once each: its caller repeats them, and must learn of the failure first (O3,
 * O9).
 */
export async function triedOnce<T>(run: () => Promise<T>): Promise<T> {
  return await storage.run(true, run);
}

/** Whether the current request is sent only once. */
export function isTriedOnce(): boolean {
  return storage.getStore() === true;
}
