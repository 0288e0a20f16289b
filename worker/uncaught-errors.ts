/**
 * Handles errors that no code catches. Without this, Node ends the process for each, with everything in flight.
 *
 * A rejection that a handler or a key function does not await is logged and counted, and the process continues: the
 * promise has settled, nothing stopped halfway, and one record's missing `await` must not end the process of other keys
 * (O3). After an exception that was thrown from a timer or an event listener, the state of its caller is unknown. So
 * the call that it came from fails, running calls may finish, and the process exits with an error. The same applies to
 * a rejection that belongs to no call: it may be Keylane's own, and a reader that has stopped unnoticed is worse than a
 * restart.
 */
import type { Logger } from 'pino';
import { currentCall } from '../activities/execution/current-call.ts';
import { thrownText } from '../contracts/event/thrown.ts';

/** Thrown by the process that exits because of it. */
export class UncaughtError extends Error {
  override readonly name = 'UncaughtError';

  constructor(what: string, thrown: unknown) {
    super(`${what}: ${thrownText(thrown)}. The process exits, since its state is unknown; start it again`);
  }
}

export class UncaughtErrors {
  /** Rejects when the process must exit. */
  readonly fatal: Promise<never>;
  readonly #log: Logger;
  #end: (error: UncaughtError) => void = () => {};

  constructor(log: Logger) {
    this.#log = log;
    this.fatal = new Promise((_resolve, reject) => {
      this.#end = reject;
    });
    this.fatal.catch(() => undefined);
    process.on('unhandledRejection', this.#onRejection).on('uncaughtException', this.#onException);
  }

  stop(): void {
    process.off('unhandledRejection', this.#onRejection).off('uncaughtException', this.#onException);
  }

  readonly #onRejection = (reason: unknown): void => {
    const call = currentCall.getStore();
    if (call === undefined) {
      this.#end(new UncaughtError('A promise was rejected and no code awaits it', reason));
      return;
    }
    const { pipeline, key, position, attempt } = call;
    call.onUnhandledRejection?.();
    this.#log.error(
      { pipeline, key, position, attempt, reason: thrownText(reason) },
      `A promise of a ${call.of} was rejected and no code awaits it; the ${call.of} may have returned before its work was done`,
    );
  };

  readonly #onException = (error: unknown): void => {
    const call = currentCall.getStore();
    call?.fail(error);
    const which = call?.key === undefined ? `record ${call?.position}` : `key ${JSON.stringify(call.key)}`;
    const of = call === undefined ? '' : ` of the ${call.of} of ${call.pipeline}, ${which}`;
    this.#end(new UncaughtError(`An exception was thrown from a timer or an event listener${of}`, error));
  };
}
