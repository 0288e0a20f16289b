import type { Logger } from 'pino';

/**
 * Logs once that a service cannot be reached, and once that it can be reached again, however many calls fail in
 * between.
 */
export class OutageLog {
  readonly #log: Logger;
  readonly #what: string;
  #down = false;
  #lastSuccess = -Infinity;

  /** @param what as in "Cannot reach {what}, retrying" */
  constructor(log: Logger, what: string) {
    this.#log = log;
    this.#what = what;
  }

  /** @param startedAt when the call started: one slow call among others that succeed is no outage */
  failed(error: unknown, startedAt: number): void {
    if (this.#down || this.#lastSuccess > startedAt) return;
    this.#down = true;
    this.#log.warn({ err: error }, `Cannot reach ${this.#what}, retrying`);
  }

  succeeded(at: number): void {
    this.#lastSuccess = at;
    if (!this.#down) return;
    this.#down = false;
    this.#log.info(`Reached ${this.#what} again`);
  }
}
