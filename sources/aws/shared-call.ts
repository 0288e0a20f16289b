import { setMaxListeners } from 'node:events';
import { unlessAborted } from './service-calls.ts';

/**
 * A call that many may want at the same time, as all shards of a reader do: whoever asks while it is under way gets its
 * answer. It is given up when nobody waits for it any more.
 */
export class SharedCall<T> {
  readonly #call: (signal: AbortSignal) => Promise<T>;
  #underWay: { readonly answer: Promise<T>; readonly over: AbortController; waiting: number } | undefined;

  constructor(call: (signal: AbortSignal) => Promise<T>) {
    this.#call = call;
  }

  async ask(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const underWay = (this.#underWay ??= this.#begin());
    underWay.waiting += 1;
    setMaxListeners(0, signal);
    try {
      return await unlessAborted(underWay.answer, signal);
    } finally {
      underWay.waiting -= 1;
      if (underWay.waiting === 0) {
        if (this.#underWay === underWay) this.#underWay = undefined;
        underWay.over.abort();
      }
    }
  }

  #begin() {
    const over = new AbortController();
    const answer = this.#call(over.signal);
    const underWay = { answer, over, waiting: 0 };
    const end = (): void => {
      if (this.#underWay === underWay) this.#underWay = undefined;
    };
    answer.then(end, end);
    return underWay;
  }
}
