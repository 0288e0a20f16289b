/**
 * What was used of late, by key: a map that forgets, so that its memory is bounded.
 *
 * Owns two generations instead of an order: to forget the oldest entry for each new one costs more than what the entries
 * are for. At least as many as a generation holds are remembered, and at the most twice as many.
 */
export class RecentMap {
  readonly #size: number;
  #recent = new Map<string, string>();
  #before = new Map<string, string>();

  /** @param size entries of a generation */
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
