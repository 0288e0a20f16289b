import type { Page, ShardCursor } from '../../source.ts';

/**
 * A cursor whose next page can be waited for before it is asked for. Pushed records come when they come: who waits for
 * them should hold nothing that others need meanwhile.
 *
 * It owns one page at the most, which the next `next` returns.
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
      // What broke off because it was told to is no answer for the next one who asks; any other error is.
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
