import { setMaxListeners } from 'node:events';
import { unlessAborted } from './service-calls.ts';

/**
 * A call that many callers may need at the same time, such as all shards of a reader: callers that arrive while it is
 * in flight share its answer. It is aborted when no caller waits for it any more.
 */
export class SharedCall<T> {
  readonly #call: (signal: AbortSignal) => Promise<T>;
  #current: { readonly answer: Promise<T>; readonly over: AbortController; waiting: number } | undefined;

  constructor(call: (signal: AbortSignal) => Promise<T>) {
    this.#call = call;
  }

  async get(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const current = (this.#current ??= this.#start());
    current.waiting += 1;
    setMaxListeners(0, signal);
    try {
      return await unlessAborted(current.answer, signal);
    } finally {
      current.waiting -= 1;
      if (current.waiting === 0) {
        if (this.#current === current) this.#current = undefined;
        current.over.abort();
      }
    }
  }

  #start() {
    const over = new AbortController();
    const answer = this.#call(over.signal);
    const current = { answer, over, waiting: 0 };
    const end = (): void => {
      if (this.#current === current) this.#current = undefined;
    };
    answer.then(end, end);
    return current;
  }
}
