import { AsyncLocalStorage } from 'node:async_hooks';
import type { KeyFunction } from '../../bridge/read/route-record.ts';
import { formatPosition } from '../../contracts/event/position.ts';

/** The call of a handler or of a key function to which running code belongs, across timers and promises. */
export interface CurrentCall {
  readonly of: 'handler' | 'key function';
  readonly pipeline: string;
  /** Undefined while the key function runs. */
  readonly key: string | undefined;
  readonly position: string;
  /** Undefined for a key function. */
  readonly attempt: number | undefined;
  /** Fails the call, if it still runs. */
  readonly fail: (thrown: unknown) => void;
  readonly onUnhandledRejection: (() => void) | undefined;
}

/** Also set when Node reports an uncaught exception or an unhandled rejection of this code. */
export const currentCall = new AsyncLocalStorage<CurrentCall>();

/** The key function, wrapped so that errors of code it does not await are attributed to it: one record must not end the reading of others (O3). */
export function keyFunctionCalls(pipeline: string, key: KeyFunction): KeyFunction {
  return (record) => {
    const position = formatPosition(record.position);
    const call = { pipeline, key: undefined, position, attempt: undefined, onUnhandledRejection: undefined };
    return currentCall.run({ of: 'key function', ...call, fail: () => undefined }, key, record);
  };
}
