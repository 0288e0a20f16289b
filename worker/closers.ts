import type { Logger } from 'pino';

/** What a process has started and must stop, the latest first. One that fails to stop holds up none of the others. */
export class Closers {
  readonly #log: Logger;
  readonly #closers: { readonly what: string; readonly close: () => unknown }[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  add(what: string, close: () => unknown): void {
    this.#closers.push({ what, close });
  }

  async closeAll(): Promise<void> {
    for (let next = this.#closers.pop(); next !== undefined; next = this.#closers.pop()) {
      try {
        this.#log.debug({ what: next.what }, 'Stopping');
        await next.close();
      } catch (error) {
        this.#log.warn({ err: error, what: next.what }, 'Could not be stopped');
      }
    }
  }
}
