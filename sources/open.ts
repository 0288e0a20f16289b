import type { SourceConfig } from '../contracts/public/source-config.ts';
import { DynamodbSource } from './dynamodb/dynamodb-source.ts';
import { KinesisSource } from './kinesis/kinesis-source.ts';
import type { SourceOptions } from './options.ts';
import type { Source } from './source.ts';

/** Opens the adapter for a source of the settings. Sends no request yet. */
export function openSource(config: SourceConfig, options: SourceOptions = {}): Source {
  return config.kind === 'kinesis' ? new KinesisSource(config, options) : new DynamodbSource(config, options);
}
