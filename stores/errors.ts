import { DATA_GONE } from '../contracts/event/large-events.ts';

/** Thrown when a store cannot do what it was asked to. The class says what happens next. */
export abstract class StoreError extends Error {
  /** The store, as in `s3://bucket/prefix`. */
  readonly store: string;

  constructor(store: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.store = store;
  }
}

/** Thrown when the same call may succeed later, perhaps after the cause was fixed: no space, no access. Retry. */
export class StoreUnavailableError extends StoreError {
  override readonly name = 'StoreUnavailableError';
}

/** Thrown when the data no longer exists, or is not what was written. Retrying is pointless. */
export class DataGoneError extends StoreError {
  override readonly name = DATA_GONE;
}
