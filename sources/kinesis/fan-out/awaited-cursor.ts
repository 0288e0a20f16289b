import type { Page, ShardCursor } from '../../source.ts';

/**
 * A cursor whose next page can be awaited before it is requested. Pushed records arrive at any time: a caller should
 * hold no shared resource while it waits for them.
 *
 * Owns at most one page, which the next call of `next` returns.
 */
export class AwaitedCursor implements ShardCursor {
  readonly #cursor: ShardCursor;
  #page: Promise<Page> | undefined;

  constructor(cursor: ShardCursor) {
    this.#cursor = cursor;
  }

  async ready(signal: AbortSignal): Promise<void> {
    this.#page ??= this.#cursor.next(signal);
    try {
      await this.#page;
    } catch (error) {
      // An abort of this caller is no answer for the next caller; any other error is.
      if (!signal.aborted) return;
      this.#page = undefined;
      throw error;
    }
  }

  async next(signal: AbortSignal): Promise<Page> {
    const page = this.#page ?? this.#cursor.next(signal);
    this.#page = undefined;
    return await page;
  }
}
