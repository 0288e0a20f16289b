export { defineConfig, dynamodb, folder, kinesis, s3 } from './contracts/config.ts';
export type {
  DeploymentConfig,
  DynamodbConfig,
  DynamodbOptions,
  FolderConfig,
  Handler,
  HandlerContext,
  HandlerLog,
  KeylaneConfig,
  KinesisConfig,
  KinesisOptions,
  LargeEventsConfig,
  LogConfig,
  MetricsConfig,
  PipelineConfig,
  ReadingConfig,
  RetryConfig,
  S3Config,
  S3Options,
  SourceConfig,
  StoreConfig,
  TemporalConfig,
} from './contracts/config.ts';
export type { Change, Item } from './contracts/change.ts';
export type { Duration } from './contracts/duration.ts';
export type { Size } from './contracts/size.ts';
export type { FilterPattern, FilterRule } from './contracts/filter.ts';
export { NonRetryableError, UndecodableError } from './contracts/errors.ts';
export type { Position } from './contracts/position.ts';
export { HandlerEvent, KeyableRecord, StreamRecord } from './contracts/record.ts';
