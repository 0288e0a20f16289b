/** Events of keys, numbered from 1 within each, on their way into a stream. */
export class NumberedEvents {
  readonly #counts = new Map<string, number>();

  /** So many of each key, which take turns. */
  next(keys: readonly string[], count: number): { readonly key: string; readonly data: string }[] {
    return Array.from({ length: count }, () => keys.map((key) => this.#nextOf(key))).flat();
  }

  /** The number of the latest. */
  last(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  #nextOf(key: string): { readonly key: string; readonly data: string } {
    const n = this.last(key) + 1;
    this.#counts.set(key, n);
    return { key, data: JSON.stringify({ n }) };
  }
}
