import { AsyncLocalStorage } from 'node:async_hooks';

/** The call of a handler to which a piece of code belongs, however many timers and promises lie between. */
export interface CurrentCall {
  readonly pipeline: string;
  readonly key: string;
  readonly position: string;
  readonly attempt: number;
  /** Fails the call, if it still runs. */
  readonly fail: (thrown: unknown) => void;
  readonly onUnhandledRejection: (() => void) | undefined;
}

/** Also there when Node says that an exception or a rejection of this code was caught by nobody. */
export const currentCall = new AsyncLocalStorage<CurrentCall>();
