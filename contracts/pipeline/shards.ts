import type { StreamIdentity } from './stream-identity.ts';

/** One shard as the source lists it. */
export interface ShardInfo {
  readonly shardId: string;
  /** None, one (split, roll) or two (merge). They may be gone from the source by now. */
  readonly parents: readonly string[];
  /** True once the source says that nothing more is written to it. It may still hold unread records. */
  readonly closed: boolean;
}

export type ListedShard = Pick<ShardInfo, 'shardId' | 'parents'>;

/**
 * Every shard that a source has, and how long it keeps a record, where that could be learned. Hundreds of kilobytes in a
 * history every minute would be too much, so it is told as the difference to the listing before where that is known.
 */
export type ShardListing = (WholeListing | ListingDifference) & {
  /** Stands for this listing. Absent in those of earlier versions. */
  readonly digest?: string;
  readonly retentionMs?: number;
  /** Which stream was listed, as far as that could be learned. */
  readonly stream?: StreamIdentity;
  /** The stream spreads the records of a key over its shards, and the settings do not accept that. Absent when not known. */
  readonly unordered?: boolean;
};

export interface WholeListing {
  readonly shards: readonly ListedShard[];
}

/** To the listing whose digest was given. */
export interface ListingDifference {
  readonly added: readonly ListedShard[];
  readonly gone: readonly string[];
}
