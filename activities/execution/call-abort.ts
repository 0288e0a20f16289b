/**
 * Asks one call of a handler to stop. Most calls are never asked, and most handlers never look: so the signal is created on
 * first use, because it costs more than everything else around a short call.
 */
export class CallAbort {
  /** Resolves when the call is asked to stop. */
  readonly asked: Promise<'asked to stop'>;
  #ask: (asked: 'asked to stop') => void = () => {};
  #isAborted = false;
  #reason: unknown;
  #controller: AbortController | undefined;

  constructor() {
    this.asked = new Promise((resolve) => {
      this.#ask = resolve;
    });
  }

  get aborted(): boolean {
    return this.#isAborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** For the handler. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** The first reason stays. */
  abort(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#ask('asked to stop');
  }
}
