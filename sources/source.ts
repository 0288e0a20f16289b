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
  /** The stream that it reads, in a form that stays the same between runs: `kinesis:orders`, `dynamodb:orders`. */
  readonly identity: string;
  /** How often a shard may be read, and how long to wait at the most when it is quiet. */
  readonly pace: { readonly minIntervalMs: number; readonly idleIntervalMs: number };
  /**
   * Every shard that the stream has now, over all pages of the listing.
   * @throws {SourceError}
   */
  listShards(signal: AbortSignal): Promise<readonly ShardInfo[]>;
  /**
   * Which stream this is and how it behaves, as far as the service tells. To be asked after a listing, which tells some
   * of it.
   * @throws the signal's reason when it aborts
   */
  describe(signal: AbortSignal): Promise<SourceDescription>;
  /**
   * The present moment by the service's clock, ms since 1970; a second early at the most, never late. Undefined when the
   * service does not tell the time.
   * @throws {SourceError}
   */
  now(signal: AbortSignal): Promise<number | undefined>;
  /**
   * How long the stream keeps a record, in ms.
   * @throws {SourceError}
   */
  retentionMs(signal: AbortSignal): Promise<number>;
  /** A cursor that begins at `start`. Opening it asks nothing of the service yet. */
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
  /** True when the stream spreads the records of a key over its shards, so that nothing tells their order. */
  readonly unordered?: boolean;
  /** Why some of it is not known. */
  readonly incomplete?: SourceError;
}

/** Reads one shard forwards. One call at a time. */
export interface ShardCursor {
  /**
   * Resolves when {@link next} has something to say without waiting for news, be it an error. A cursor that asks for news,
   * and does not wait for it, has none of this.
   */
  ready?(signal: AbortSignal): Promise<void>;
  /**
   * The next page. After one with `ended` there is none. After an error the same page can be asked for again: a cursor
   * never moves past records that it has not returned.
   * @throws {SourceError}
   */
  next(signal: AbortSignal): Promise<Page>;
}

export interface Page {
  /** In the shard's order; may be empty in the middle of a shard. */
  readonly records: readonly SourceRecord[];
  /** True when the shard has ended and this was all of it. */
  readonly ended: boolean;
  /** How far this page is behind the newest record of the shard, where the service tells. */
  readonly lagMs?: number;
  /**
   * Everything that arrived before this time has been read, or was told as a gap; ms since 1970. A start after a
   * position should bring it along. Absent where the service tells no lag, and while it is not certain.
   */
  readonly consumedUntil?: number;
  /** For how long after the begin of this read the service will refuse the next one of this shard, when longer than the pace. */
  readonly restMs?: number;
  /** Set once, on the first page after records were found to be gone from the source before they were read (O10). */
  readonly gap?: SourceGap;
  /** Records that were read and left out, since reading begins behind them. */
  readonly passedOver?: number;
  /** Records of this page that its aggregates should not have held: their keys belong to another shard. Delivered too. */
  readonly misrouted?: number;
}

/** Records that the source no longer has, and that were not read before. */
export interface SourceGap {
  /** The last position that was read; absent when nothing of the shard had been. */
  readonly after?: Position;
  /** The first position that the source still has; absent when it has nothing of the shard any more. */
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
  /** Why the source cannot make more of the record than these bytes. It has no key then, and waits for a person (O8). */
  readonly problem?: string;
}
