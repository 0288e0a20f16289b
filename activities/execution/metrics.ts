import type { Handler } from '../../contracts/public/handler.ts';

/** Where figures of a pipeline's handling go. Never throws. */
export interface HandlingMetrics {
  /** A call of the handler has ended, however. */
  called(ms: number): void;
  /** An event was handled; for another time if it has been before (O7). */
  handled(): void;
  /** An attempt failed that counts. */
  attemptFailed(): void;
  /** A key is blocked now: it waits for a person. */
  blocked(): void;
  /** A promise of a call was rejected, and no code awaits it. */
  rejectionUnhandled(): void;
}

/** The handler, with every call of it timed until it has ended, also one that was given up before. */
export function timed(handler: Handler, metrics: HandlingMetrics): Handler {
  return async (event, context) => {
    const startedAt = performance.now();
    try {
      await handler(event, context);
    } finally {
      metrics.called(performance.now() - startedAt);
    }
  };
}
