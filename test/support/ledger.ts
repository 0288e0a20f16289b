/** What a handler in the test's own process finished, by key. */
export class Ledger {
  readonly #byKey = new Map<string, unknown[]>();
  count = 0;

  note(key: string, what: unknown): void {
    const of = this.#byKey.get(key);
    if (of === undefined) this.#byKey.set(key, [what]);
    else of.push(what);
    this.count += 1;
  }

  of(key: string): readonly unknown[] {
    return this.#byKey.get(key) ?? [];
  }
}

/** from, from + 1, ... last */
export const upTo = (last: number, from = 1): number[] =>
  Array.from({ length: last - from + 1 }, (_, index) => from + index);
