import type { Logger } from 'pino';

/**
 * What a process has started and must stop, the latest first. An error while stopping one does not keep the others from
 * being stopped.
 */
export class Closers {
  readonly #log: Logger;
  readonly #closers: { readonly what: string; readonly close: () => unknown }[] = [];
  #closing: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(what: string, close: () => unknown): void {
    this.#closers.push({ what, close });
  }

  /** What has not stopped yet, the one that is being stopped first. */
  get unfinished(): readonly string[] {
    const waiting = this.#closers.map(({ what }) => what).toReversed();
    return this.#closing === undefined ? waiting : [this.#closing, ...waiting];
  }

  async closeAll(): Promise<void> {
    for (let next = this.#closers.pop(); next !== undefined; next = this.#closers.pop()) {
      this.#closing = next.what;
      try {
        this.#log.debug({ what: next.what }, 'Stopping');
        await next.close();
      } catch (error) {
        this.#log.warn({ err: error, what: next.what }, 'Could not stop a part of the process');
      }
    }
    this.#closing = undefined;
  }
}
