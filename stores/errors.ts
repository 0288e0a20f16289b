import { DATA_GONE } from '../contracts/event/large-events.ts';

/** What a store says when it cannot do what it was asked to. The class tells what happens next. */
export abstract class StoreError extends Error {
  /** The store, as in `s3://bucket/prefix`. */
  readonly store: string;

  constructor(store: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.store = store;
  }
}

/** Thrown when the same call may succeed later, be it after a person has mended something: no space, no access. Ask again. */
export class StoreUnavailableError extends StoreError {
  override readonly name = 'StoreUnavailableError';
}

/** Thrown when the data is not there any more, or is not what was written. Asking again is no use. */
export class DataGoneError extends StoreError {
  override readonly name = DATA_GONE;
}
