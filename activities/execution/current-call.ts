import { AsyncLocalStorage } from 'node:async_hooks';
import type { KeyFunction } from '../../bridge/read/route-record.ts';
import { formatPosition } from '../../contracts/event/position.ts';

/** The call of a handler, or of a key function, to which a piece of code belongs, however many timers and promises lie between. */
export interface CurrentCall {
  readonly of: 'handler' | 'key function';
  readonly pipeline: string;
  /** Undefined while it is being found. */
  readonly key: string | undefined;
  readonly position: string;
  /** Undefined for a key function. */
  readonly attempt: number | undefined;
  /** Fails the call, if it still runs. */
  readonly fail: (thrown: unknown) => void;
  readonly onUnhandledRejection: (() => void) | undefined;
}

/** Also there when Node says that an exception or a rejection of this code was not caught. */
export const currentCall = new AsyncLocalStorage<CurrentCall>();

/** The key function, so that what it leaves behind unawaited is known as its own: one record must not end the reading of others (O3). */
export function keyFunctionCalls(pipeline: string, key: KeyFunction): KeyFunction {
  return (record) => {
    const position = formatPosition(record.position);
    const call = { pipeline, key: undefined, position, attempt: undefined, onUnhandledRejection: undefined };
    return currentCall.run({ of: 'key function', ...call, fail: () => undefined }, key, record);
  };
}
