import { setTimeout as sleep } from 'node:timers/promises';

/** Spaces calls out in time, for an operation with a limited rate for each account. */
export class CallSpacing {
  readonly #intervalMs: number;
  #next = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /**
   * Waits for the caller's turn.
   * @throws the signal's reason when it aborts first
   */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = performance.now();
    const at = Math.max(now, this.#next);
    this.#next = at + this.#intervalMs;
    if (at > now) await sleepUntilAborted(at - now, signal);
  }
}

/** @throws the signal's reason when it aborts */
export async function sleepUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
