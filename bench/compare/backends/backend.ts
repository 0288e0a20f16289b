import type { HistoryFigures } from '../history-figures.ts';

/** The server of a contender. */
export interface Backend {
  /** The Node.js that runs the contender. */
  readonly node: string;
  /** What it is, where it has to be said. */
  readonly about?: string;
  /** With nothing in its database. */
  start(): Promise<RunningBackend>;
}

export interface Counted {
  readonly persistenceOperations: number;
  /** Of activities; they leave nothing in histories. */
  readonly heartbeats: number;
}

export interface RunningBackend {
  readonly address: string;
  /** What they start belongs to it as well. */
  readonly pids: readonly number[];
  /** What it has done so far; undefined where it does not tell. */
  count(): Promise<Counted | undefined>;
  /** Read when the clock has stopped. */
  history(): Promise<HistoryFigures | undefined>;
  stop(): Promise<void>;
}
