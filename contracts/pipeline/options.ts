import type { Position } from '../event/position.ts';

/** Where reading of a shard begins. */
export type StartPoint =
  /** At the oldest record that the source has. */
  | { readonly at: 'horizon' }
  /** At the first record that arrived at or after `since`, ms since 1970. */
  | { readonly at: 'time'; readonly since: number }
  /**
   * At the first record beyond `position`. `consumedUntil`, where it is known: everything that arrived before this time has been
   * read, ms since 1970. Without it a position that the source has dropped counts as a gap, also when nothing came after.
   */
  | { readonly at: 'after'; readonly position: Position; readonly consumedUntil?: number };

export interface PipelineOptions {
  /** How often the source's shards are listed when nothing else asks for it. */
  readonly discoverEveryMs: number;
  /** Readers of the pipeline at the most; shards beyond that share them. */
  readonly maxReaders: number;
  /** How long a reader stays out, give or take a fifth. */
  readonly shiftMs: number;
  /** A reader that is silent for so long is taken for dead, and another one goes on from its last heartbeat. */
  readonly heartbeatTimeoutMs: number;
  /** History events after which the pipeline calls its readers home and continues as new. */
  readonly eventsPerRun: number;
}

export const DEFAULT_PIPELINE_OPTIONS: PipelineOptions = {
  discoverEveryMs: 60_000,
  maxReaders: 16,
  shiftMs: 5 * 60_000,
  heartbeatTimeoutMs: 10_000,
  eventsPerRun: 4000,
};
