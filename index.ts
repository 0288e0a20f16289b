export { defineConfig } from './contracts/public/config.ts';
export { dynamodb, kinesis } from './contracts/public/source-config.ts';
export { folder, s3 } from './contracts/public/store-config.ts';
export type {
  DeploymentConfig,
  KeylaneConfig,
  LogConfig,
  MetricsConfig,
  TemporalConfig,
} from './contracts/public/config.ts';
export type {
  DynamodbConfig,
  DynamodbOptions,
  KinesisConfig,
  KinesisOptions,
  SourceConfig,
} from './contracts/public/source-config.ts';
export type {
  FolderConfig,
  LargeEventsConfig,
  S3Config,
  S3Options,
  StoreConfig,
} from './contracts/public/store-config.ts';
export type { Handler, HandlerContext, HandlerLog } from './contracts/public/handler.ts';
export type { PipelineConfig, ReadingConfig, RetryConfig } from './contracts/public/pipeline-config.ts';
export type { Change, Item } from './contracts/public/change.ts';
export type { Duration } from './contracts/public/duration.ts';
export type { Size } from './contracts/public/size.ts';
export type { FilterPattern, FilterRule } from './contracts/public/filter.ts';
export { NonRetryableError, UndecodableError } from './contracts/public/errors.ts';
export type { Position } from './contracts/event/position.ts';
export { HandlerEvent, KeyableRecord, StreamRecord } from './contracts/public/record.ts';
