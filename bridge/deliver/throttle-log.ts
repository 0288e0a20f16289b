import type { Logger } from 'pino';

/** Throttling comes and goes; an hour of it takes a few lines in the log. */
const LOG_EVERY_MS = 10 * 60_000;

/** Logs from time to time that Temporal throttles requests. */
export class ThrottleLog {
  readonly #log: Logger;
  #loggedAt = -Infinity;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param now ms of a clock that never runs backwards */
  throttled(error: unknown, now: number): void {
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    this.#log.warn(
      { err: error },
      'Temporal throttles requests: reading slows down, and nothing is lost. Raise the rate limits of the namespace, or ' +
        'lower reading.requestsInFlight',
    );
  }
}
