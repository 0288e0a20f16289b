import type { Position } from '../event/position.ts';

/** Where reading of a shard starts. */
export type StartPoint =
  /** At the oldest record in the source. */
  | { readonly at: 'horizon' }
  /** At the first record that arrived at or after `since`, ms since 1970. */
  | { readonly at: 'time'; readonly since: number }
  /**
   * At the first record after `position`. `consumedUntil`, if known: everything that arrived before this time has been
   * read, ms since 1970. Without it, a position that the source no longer has counts as a gap even if nothing came after it.
   */
  | { readonly at: 'after'; readonly position: Position; readonly consumedUntil?: number };

export interface PipelineOptions {
  /** How often the shards of the source are listed when no other event triggers a listing. */
  readonly discoverEveryMs: number;
  /** Maximum number of readers of the pipeline; additional shards share them. */
  readonly maxReaders: number;
  /** Reading period: how long one reader activity runs (±20 %). */
  readonly shiftMs: number;
  /** A reader without a heartbeat for this long is considered dead; another one continues from its last heartbeat. */
  readonly heartbeatTimeoutMs: number;
  /** History events after which the pipeline stops its readers and continues as new. */
  readonly eventsPerRun: number;
}

export const DEFAULT_PIPELINE_OPTIONS: PipelineOptions = {
  discoverEveryMs: 60_000,
  maxReaders: 16,
  shiftMs: 5 * 60_000,
  heartbeatTimeoutMs: 10_000,
  eventsPerRun: 4000,
};
