import { setTimeout as delay } from 'node:timers/promises';

const EVERY_MS = 50;

/** Asks until `check` neither throws nor gives false; fails with its last answer when that takes too long. */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 20_000): Promise<Exclude<T, false>> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      const answer = await check();
      if (answer !== false) return answer as Exclude<T, false>;
      if (Date.now() > until) throw new Error(`Not within ${timeoutMs} ms`);
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await delay(EVERY_MS);
  }
}
