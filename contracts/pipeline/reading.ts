import type { FetchInput, FetchOutcome } from '../event/large-events.ts';
import type { Position } from '../event/position.ts';
import type { StartPoint } from './options.ts';
import type { ShardListing } from './shards.ts';
import type { Gap } from './state.ts';
import type { KnownStream } from './stream-identity.ts';

/** Argument of a reader. */
export interface ReaderInput {
  readonly pipeline: string;
  readonly shards: readonly ShardToRead[];
  readonly shiftMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Retention of the source, if known. */
  readonly retentionMs?: number;
  /** Number of pools as the pipeline knows it, regardless of the settings of the reading process. */
  readonly pools?: number;
  /** A process whose source is another stream must not read these shards. Absent until the shards have been listed. */
  readonly stream?: KnownStream;
}

/** A shard as it is assigned to a reader. */
export interface ShardToRead {
  readonly shardId: string;
  readonly start: StartPoint;
  /** See {@link LineageShard}. */
  readonly consumedUntil?: number;
  /** The latest gaps of the shard that have been reported, so that they are not reported again (O10). */
  readonly gaps?: readonly Gap[];
}

/** Heartbeat details and result of a reader: the current progress of each of its shards. */
export interface ReaderReport {
  readonly shards: Readonly<Record<string, ShardProgress>>;
}

export interface ShardProgress {
  readonly checkpoint?: Position;
  /** The shard is closed and all its records have been accepted. */
  readonly finished: boolean;
  /** How far reading is behind the newest record, if the source reports it. */
  readonly lagMs?: number;
  /** Every record that arrived in the shard before this time has been accepted; ms since 1970. */
  readonly consumedUntil?: number;
  /** Gaps found by this reader, including those of earlier attempts (O10). */
  readonly gaps?: readonly Gap[];
  /** Number of records read, delivered, quarantined, and dropped by the filter, by this reader in this attempt. */
  readonly read: number;
  readonly taken: number;
  readonly quarantined: number;
  readonly filtered?: number;
  /** Number of records of aggregates that belong to another shard, by this reader in this attempt; they are delivered, too. */
  readonly misrouted?: number;
  /** Why the shard cannot be read, since its last page and until the next one. */
  readonly readError?: string;
}

/** The activities of the pipeline workflow, on the reading task queue. */
export interface ReadingActivities {
  /**
   * @param known digest of the last listing that was accepted
   * @param stream the one that the pipeline reads
   */
  listShards(pipeline: string, known?: string, stream?: KnownStream): Promise<ShardListing>;
  readShards(input: ReaderInput): Promise<ReaderReport>;
  /** For a lane: copies large data that is only in the source to the store, now that there is a store. */
  fetchData(input: FetchInput): Promise<FetchOutcome>;
}
