/**
 * Callers that wait for capacity. They are admitted strictly in the order in which they came, so a large request is not
 * overtaken by small ones for ever; one whose signal aborts leaves the line.
 *
 * Owns the line; how much capacity there is belongs to the caller.
 */
export class WaitingLine<Request> {
  readonly #waiters = new Set<{ readonly request: Request; readonly admit: () => void }>();

  get length(): number {
    return this.#waiters.size;
  }

  /**
   * Resolves when the request is admitted.
   * @param onLeave called when the request leaves the line unadmitted: those behind it may fit
   * @throws the signal's reason when it aborts first
   */
  async wait(request: Request, signal: AbortSignal, onLeave: () => void = () => {}): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiters.delete(waiter);
        reject(signal.reason as Error);
        onLeave();
      };
      const admit = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const waiter = { request, admit };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /**
   * Admits requests from the front of the line.
   * @param take takes the capacity for a request; false, and nothing taken, when there is not enough of it
   */
  admit(take: (request: Request) => boolean): void {
    for (const waiter of this.#waiters) {
      if (!take(waiter.request)) return;
      this.#waiters.delete(waiter);
      waiter.admit();
    }
  }
}
