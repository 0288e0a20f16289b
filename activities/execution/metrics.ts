import type { Handler } from '../../contracts/public/handler.ts';

/** Receives the numbers about a pipeline's handler calls. Never throws. */
export interface HandlingMetrics {
  /** A call of the handler has ended, with whatever result. */
  called(ms: number): void;
  /** An event was handled, possibly again (O7). */
  handled(): void;
  /** An attempt that counts has failed. */
  attemptFailed(): void;
  /** A key is blocked now: it waits for an operator. */
  blocked(): void;
  /** A promise of a call was rejected, and no code awaits it. */
  rejectionUnhandled(): void;
}

/** The handler, with each call timed until it has ended, including one that was abandoned before. */
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
