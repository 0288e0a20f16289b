import process from 'node:process';

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * What has to be undone of a server that runs, the last first; also when this process is asked to end.
 *
 * Invariants: each step is undone once; after Ctrl-C nothing is begun, and the process ends when all is undone.
 */
export class Undo {
  static readonly #begun = new Set<Undo>();
  static #listens = false;
  static #ends = false;
  readonly #steps: (() => Promise<void>)[] = [];
  #done: Promise<void> | undefined;

  /** Does not resolve once the process is to end. */
  static async begin(): Promise<Undo> {
    if (Undo.#ends) await new Promise(() => {});
    if (!Undo.#listens) Undo.#listen();
    const undo = new Undo();
    Undo.#begun.add(undo);
    return undo;
  }

  static #listen(): void {
    Undo.#listens = true;
    for (const [signal, code] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        if (Undo.#ends) return;
        Undo.#ends = true;
        void Promise.allSettled([...Undo.#begun].map((undo) => undo.run())).then(() => process.exit(code));
      });
    }
  }

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    await (this.#done ??= this.#run());
  }

  async #run(): Promise<void> {
    for (;;) {
      const step = this.#steps.pop();
      if (step === undefined) break;
      await step();
    }
    Undo.#begun.delete(this);
  }
}
