/** What happens in a case, as it happens: for whoever has to find out why it failed. */
export class Course {
  /** The first thing that was wrong. */
  failure: string | undefined;
  readonly #begun = performance.now();
  readonly #lines: string[] = [];

  note(line: string): void {
    this.#lines.push(`${String(Math.round(performance.now() - this.#begun)).padStart(6)} ms  ${line}`);
  }

  fail(why: string): void {
    this.note(`WRONG: ${why}`);
    this.failure ??= why;
  }

  toString(): string {
    return this.#lines.join('\n');
  }
}
