import type { Book } from '../book.ts';

/** What one side of a race is given. */
export interface Race {
  /** A Kinesis stream that holds the load, or gets it. */
  readonly stream: string;
  readonly book: Book;
  /** Of the server that keeps what is durable. */
  readonly address: string;
  /** Aborts when everything was handled, or will not be. */
  readonly signal: AbortSignal;
}

/** Reads the stream and handles its events, until the signal aborts. */
export type Contender = (race: Race) => Promise<void>;
