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
  /** How long the source keeps a record, where that is known. */
  readonly retentionMs?: number;
  /** As the pipeline says, whatever the settings of the process that reads. */
  readonly pools?: number;
  /** A process whose source is another stream must not read these shards. Absent until a listing has told. */
  readonly stream?: KnownStream;
}

/** A shard as it is given to a reader. */
export interface ShardToRead {
  readonly shardId: string;
  readonly start: StartPoint;
  /** What {@link LineageShard} says. */
  readonly consumedUntil?: number;
  /** The latest gaps of the shard that have been told: they are not told again (O10). */
  readonly gaps?: readonly Gap[];
}

/** Heartbeat details and result of a reader: what is true of each of its shards by now. */
export interface ReaderReport {
  readonly shards: Readonly<Record<string, ShardProgress>>;
}

export interface ShardProgress {
  readonly checkpoint?: Position;
  /** The shard has ended and all its records have been taken over. */
  readonly finished: boolean;
  /** How far reading is behind the newest record, as far as the source tells. */
  readonly lagMs?: number;
  /** Everything that arrived in the shard before this time has been taken over; ms since 1970. */
  readonly consumedUntil?: number;
  /** Gaps found by this reader, those of earlier attempts included (O10). */
  readonly gaps?: readonly Gap[];
  /** Records read, handed over, put into quarantine, and dropped by the filter, by this reader in this attempt. */
  readonly read: number;
  readonly taken: number;
  readonly quarantined: number;
  readonly filtered?: number;
  /** Records of aggregates that belong to another shard, by this reader in this attempt: read and handed over too. */
  readonly misrouted?: number;
  /** Why the shard cannot be read, since its last page and until the next one. */
  readonly readError?: string;
}

/** The activities of the pipeline workflow, on the reading task queue. */
export interface ReadingActivities {
  /**
   * @param known digest of the listing that was taken in last
   * @param stream the one that the pipeline reads
   */
  listShards(pipeline: string, known?: string, stream?: KnownStream): Promise<ShardListing>;
  readShards(input: ReaderInput): Promise<ReaderReport>;
  /** For a lane: puts large data that was left in the source into the store, now that there is one. */
  fetchData(input: FetchInput): Promise<FetchOutcome>;
}
