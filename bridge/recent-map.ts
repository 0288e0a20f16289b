/**
 * What was used of late, by key: a map that forgets, so that its memory is bounded.
 *
 * Owns two generations instead of an order: to forget the oldest entry for each new one costs more than what the entries
 * are for. At least as many as a generation holds are remembered, and at the most twice as many.
 */
export class RecentMap<V> {
  readonly #generation: number;
  #recent = new Map<string, V>();
  #before = new Map<string, V>();

  /** @param generation entries */
  constructor(generation: number) {
    this.#generation = generation;
  }

  get(key: string): V | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const before = this.#before.get(key);
    if (before !== undefined) this.set(key, before);
    return before;
  }

  set(key: string, value: V): void {
    this.#recent.set(key, value);
    if (this.#recent.size < this.#generation) return;
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
