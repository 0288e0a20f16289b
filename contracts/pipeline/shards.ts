import type { StreamIdentity } from './stream-identity.ts';

/** One shard as the source lists it. */
export interface ShardInfo {
  readonly shardId: string;
  /** None, one (split, roll) or two (merge). The source may no longer list them. */
  readonly parents: readonly string[];
  /** True once the source reports that the shard receives no more records. It may still hold unread records. */
  readonly closed: boolean;
}

export type ListedShard = Pick<ShardInfo, 'shardId' | 'parents'>;

/**
 * All shards of a source, and its retention if known. A full listing can have hundreds of kilobytes, too much for a history
 * every minute, so a listing is given as the difference to the previous one when that is known.
 */
export type ShardListing = (WholeListing | ListingDifference) & {
  /** Identifies this listing. */
  readonly digest?: string;
  readonly retentionMs?: number;
  /** The stream that was listed, as far as it could be described. */
  readonly stream?: StreamIdentity;
  /** True if the stream distributes the records of a key over its shards, and the settings do not accept that. Absent if unknown. */
  readonly unordered?: boolean;
};

export interface WholeListing {
  readonly shards: readonly ListedShard[];
}

/** The difference to the listing whose digest was given. */
export interface ListingDifference {
  readonly added: readonly ListedShard[];
  readonly gone: readonly string[];
}
