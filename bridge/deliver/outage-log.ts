import type { Logger } from 'pino';

/** Says once that something cannot be reached, and once that it can be again, however many calls fail in between. */
export class OutageLog {
  readonly #log: Logger;
  readonly #what: string;
  #down = false;
  #lastSuccess = -Infinity;

  /** @param what as in "cannot reach {what}, trying again" */
  constructor(log: Logger, what: string) {
    this.#log = log;
    this.#what = what;
  }

  /** @param begunAt when the call began: one slow call among others that succeed is no outage */
  failed(error: unknown, startedAt: number): void {
    if (this.#down || this.#lastSuccess > startedAt) return;
    this.#down = true;
    this.#log.warn({ err: error }, `cannot reach ${this.#what}, trying again`);
  }

  succeeded(at: number): void {
    this.#lastSuccess = at;
    if (!this.#down) return;
    this.#down = false;
    this.#log.info(`reached ${this.#what} again`);
  }
}
