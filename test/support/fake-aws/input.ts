/** The fields of requests that the fake reads, of all operations of both services. Nothing has checked them. */
export interface Input {
  readonly StreamName?: string;
  readonly StreamARN?: string;
  readonly StreamArn?: string;
  readonly TableName?: string;
  readonly ExclusiveStartStreamArn?: string;
  readonly Limit?: number;
  // Listings.
  readonly NextToken?: string;
  readonly ExclusiveStartShardId?: string;
  readonly MaxResults?: number;
  readonly ShardFilter?: ShardFilter;
  // Reading.
  readonly ShardId?: string;
  readonly ShardIteratorType?: string;
  readonly StartingSequenceNumber?: string;
  readonly SequenceNumber?: string;
  /** Seconds since 1970, with a fraction. */
  readonly Timestamp?: number;
  readonly ShardIterator?: string;
  // Writing and resharding.
  readonly Records?: readonly PutEntry[];
  readonly PartitionKey?: string;
  readonly Data?: string;
  readonly ExplicitHashKey?: string;
  readonly ShardCount?: number;
  readonly TargetShardCount?: number;
  readonly ShardToSplit?: string;
  readonly NewStartingHashKey?: string;
  readonly ShardToMerge?: string;
  readonly AdjacentShardToMerge?: string;
}

export interface ShardFilter {
  readonly Type?: string;
  readonly ShardId?: string;
  /** Seconds since 1970, with a fraction. */
  readonly Timestamp?: number;
}

export interface PutEntry {
  readonly PartitionKey?: string;
  /** base64 */
  readonly Data?: string;
  readonly ExplicitHashKey?: string;
}
