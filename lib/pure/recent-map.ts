/**
 * A map of recently used keys that forgets older ones, so that its memory is bounded.
 *
 * Owns two generations instead of an order of use: removing the oldest entry for each new one would cost too much. It
 * remembers at least as many entries as one generation holds, and at most twice as many.
 */
export class RecentMap {
  readonly #size: number;
  #recent = new Map<string, string>();
  #before = new Map<string, string>();

  /** @param size entries of one generation */
  constructor(size = 5000) {
    this.#size = size;
  }

  get(key: string): string | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const before = this.#before.get(key);
    if (before !== undefined) this.set(key, before);
    return before;
  }

  set(key: string, value: string): void {
    this.#recent.set(key, value);
    if (this.#recent.size < this.#size) return;
    this.#before = this.#recent;
    this.#recent = new Map();
  }

  delete(key: string): void {
    this.#recent.delete(key);
    this.#before.delete(key);
  }

  clear(): void {
    this.#recent.clear();
    this.#before.clear();
  }
}
