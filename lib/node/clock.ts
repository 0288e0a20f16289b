import { performance } from 'node:perf_hooks';
import { setTimeout as timeout } from 'node:timers/promises';

/** The time that the bridge uses; tests replace it. */
export interface Clock {
  /** ms, never runs backwards */
  now(): number;
  /** Ends after `ms`, or as soon as `signal` aborts: never rejects, so look at the signal afterwards. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await timeout(ms, undefined, { signal });
    } catch {
      // Aborted. The caller looks at the signal.
    }
  },
};
