export type SourceConfig = KinesisConfig | DynamodbConfig;

export interface KinesisOptions {
  /** Name or ARN of the data stream. */
  readonly stream: string;
  /** Where the first start of the pipeline begins to read. @default 'TRIM_HORIZON' */
  readonly startAt?: 'TRIM_HORIZON' | 'LATEST' | Date;
  /**
   * Enhanced fan-out: the stream pushes its records to a consumer of this name, which is registered when it is not there.
   * AWS bills it by the hour, shard and amount of data. No two pipelines can share a consumer.
   * @default none: the shards are polled
   */
  readonly fanOut?: { readonly consumer: string };
  /** @default AWS's own settings: AWS_REGION, profile */
  readonly region?: string;
  /** @default AWS's own settings: AWS_ENDPOINT_URL_KINESIS, profile */
  readonly endpoint?: string;
}

export interface DynamodbOptions {
  /** The table; its stream must be enabled. */
  readonly table: string;
  readonly startAt?: 'TRIM_HORIZON' | 'LATEST';
  readonly region?: string;
  readonly endpoint?: string;
}

export interface KinesisConfig extends KinesisOptions {
  readonly kind: 'kinesis';
}

export interface DynamodbConfig extends DynamodbOptions {
  readonly kind: 'dynamodb';
}

/** A Kinesis data stream as source. */
export function kinesis(options: KinesisOptions): KinesisConfig {
  return { kind: 'kinesis', ...options };
}

/** The stream of a DynamoDB table as source. */
export function dynamodb(options: DynamodbOptions): DynamodbConfig {
  return { kind: 'dynamodb', ...options };
}
