import type { Logger } from 'pino';

/** Throttled requests come and go; an hour of them is a few lines. */
const TELL_EVERY_MS = 10 * 60_000;

/** Says now and then that Temporal takes fewer requests than it is sent. */
export class ThrottleLog {
  readonly #log: Logger;
  #toldAt = -Infinity;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param now ms of a clock that never runs backwards */
  throttled(error: unknown, now: number): void {
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.#log.warn(
      { err: error },
      'Temporal throttles: it takes fewer requests than the bridge has for it. Nothing is lost, reading waits. Raise the ' +
        'limits of its namespace, or set reading.requestsInFlight to less',
    );
  }
}
