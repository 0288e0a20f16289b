export { defineConfig, dynamodb, kinesis } from './contracts/config.ts';
export type {
  DynamodbConfig,
  DynamodbOptions,
  Handler,
  HandlerContext,
  HandlerLog,
  KeylaneConfig,
  KinesisConfig,
  KinesisOptions,
  PipelineConfig,
  ReadingConfig,
  RetryConfig,
  SourceConfig,
  TemporalConfig,
} from './contracts/config.ts';
export type { Change, Item } from './contracts/change.ts';
export type { Duration } from './contracts/duration.ts';
export type { FilterPattern, FilterRule } from './contracts/filter.ts';
export { NonRetryableError, UndecodableError } from './contracts/errors.ts';
export type { Position } from './contracts/position.ts';
export { HandlerEvent, KeyableRecord, StreamRecord } from './contracts/record.ts';
