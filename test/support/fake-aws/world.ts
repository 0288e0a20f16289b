import type { Clock } from './clock.ts';
import type { ReadLimits } from './read-limits.ts';

/** How the fake behaves where AWS is free to do either. A test may change it at any time. */
export interface Manners {
  /** The last records of a closed shard come without a next iterator. Otherwise an empty page follows that has none. */
  nullIteratorWithLastRecords: boolean;
  /** Empty pages with a next iterator between the last records of a closed shard and the page that ends it. */
  trailingEmptyPages: number;
  /** Asked at every GetRecords: true gives an empty page, after which the same records are still to come. */
  emptyPage: (read: { readonly shardId: string; readonly place: number }) => boolean;
  /** DescribeStream gives a LastEvaluatedShardId with the last shards too; only the empty page behind them has none. */
  markerOnLastPage: boolean;
  /** What Kinesis makes of a sequence number that it has trimmed; all three are reported. */
  trimmedStart: 'refused' | 'horizon' | 'emptyPages';
}

export function defaultManners(): Manners {
  return {
    nullIteratorWithLastRecords: false,
    trailingEmptyPages: 0,
    emptyPage: () => false,
    markerOnLastPage: false,
    trimmedStart: 'refused',
  };
}

/** What all parts of one fake share. */
export interface World {
  readonly clock: Clock;
  readonly account: string;
  readonly region: string;
  readonly manners: Manners;
  readonly limits: ReadLimits;
}
