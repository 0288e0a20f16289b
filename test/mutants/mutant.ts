export interface Mutant {
  /** What the code does wrong with this change. */
  readonly name: string;
  /** One of O1 to O11. */
  readonly guarantee: string;
  readonly file: string;
  /** Must occur exactly once in `file`: test/architecture/mutants.test.ts checks that, so the list cannot go stale. */
  readonly find: string;
  readonly replacement: string;
  /** Test files, at least one of which must fail. */
  readonly killedBy: readonly string[];
}
