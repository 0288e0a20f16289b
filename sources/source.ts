import type { SourceKind } from '../contracts/event/event.ts';
import type { ShardInfo } from '../contracts/pipeline/shards.ts';
import type { StartPoint } from '../contracts/pipeline/options.ts';
import type { Position } from '../contracts/event/position.ts';
import type { StreamIdentity } from '../contracts/pipeline/stream-identity.ts';
import type { SourceError } from './errors.ts';

/**
 * The port to a stream. An adapter hides iterators, paging of listings, throttling and the errors of its service; it
 * decides nothing about lineage, pace or checkpoints.
 */
export interface Source {
  readonly kind: SourceKind;
  /** The stream, in a form that stays the same between runs: `kinesis:orders`, `dynamodb:orders`. */
  readonly identity: string;
  /** The shortest wait between reads of a shard, and the longest when it is quiet. */
  readonly pace: { readonly minIntervalMs: number; readonly idleIntervalMs: number };
  /**
   * Every shard that the stream has now, over all pages of the listing.
   * @throws {SourceError}
   */
  listShards(signal: AbortSignal): Promise<readonly ShardInfo[]>;
  /**
   * Which stream this is and how it behaves, as far as the service reports it. Call it after a listing, which provides
   * some of it.
   * @throws the signal's reason when it aborts
   */
  describe(signal: AbortSignal): Promise<SourceDescription>;
  /**
   * The current time by the service's clock, ms since 1970; at most a second early, never late. Undefined when the
   * service does not report its time.
   * @throws {SourceError}
   */
  now(signal: AbortSignal): Promise<number | undefined>;
  /**
   * How long the stream keeps a record, in ms.
   * @throws {SourceError}
   */
  retentionMs(signal: AbortSignal): Promise<number>;
  /** Opens a cursor that starts at `start`. Sends no request yet. */
  openShard(shardId: string, start: StartPoint): ShardCursor;
  /**
   * The record at this position; undefined when the source no longer has it.
   * @throws {SourceError}
   */
  recordAt(position: Position, signal: AbortSignal): Promise<SourceRecord | undefined>;
  /** Frees connections. */
  close(): void;
}

export interface SourceDescription {
  readonly stream: StreamIdentity;
  readonly retentionMs?: number;
  /** True when the stream spreads the records of a key over its shards, so that their order is unknown. */
  readonly unordered?: boolean;
  /** Why a part of the description is unknown. */
  readonly incomplete?: SourceError;
}

/** Reads one shard forwards. One call at a time. */
export interface ShardCursor {
  /**
   * Resolves when {@link next} can return, or throw, without waiting for new records. A polling cursor, which never
   * waits for new records, does not have this method.
   */
  ready?(signal: AbortSignal): Promise<void>;
  /**
   * The next page. After a page with `ended` there is none. After an error the same page can be requested again: a
   * cursor never moves past records that it has not returned.
   * @throws {SourceError}
   */
  next(signal: AbortSignal): Promise<Page>;
}

export interface Page {
  /** In the shard's order; may be empty in the middle of a shard. */
  readonly records: readonly SourceRecord[];
  /** True when the shard has ended and this was all of it. */
  readonly ended: boolean;
  /** How far this page is behind the newest record of the shard, if the service reports it. */
  readonly lagMs?: number;
  /**
   * Everything that arrived before this time has been read, or was reported as a gap; ms since 1970. Pass it with a
   * start after a position. Absent when the service reports no lag, and while it is not certain.
   */
  readonly consumedUntil?: number;
  /**
   * For how long after the start of this read the service will reject the next one of this shard, if longer than the
   * pace.
   */
  readonly restMs?: number;
  /** Set once, on the first page after records were found to be gone from the source before they were read (O10). */
  readonly gap?: SourceGap;
  /** Records that were read and skipped, since reading starts after them. */
  readonly skipped?: number;
  /**
   * Records of this page whose aggregates should not have contained them: their keys belong to another shard. Delivered
   * too.
   */
  readonly misrouted?: number;
}

/** Records that the source no longer has, and that were not read before. */
export interface SourceGap {
  /** The last position that was read; absent when nothing of the shard had been. */
  readonly after?: Position;
  /** The first position that the source still has; absent when it no longer has any record of the shard. */
  readonly until?: Position;
}

/** One user record. */
export interface SourceRecord {
  readonly position: Position;
  /** ms since 1970 */
  readonly arrivedAt: number;
  /** Kinesis: the partition key. DynamoDB Streams: the item's key in canonical form. */
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /**
   * Why the source cannot interpret the record beyond these bytes. Then it has no key, and goes to the quarantine (O8).
   */
  readonly problem?: string;
}
