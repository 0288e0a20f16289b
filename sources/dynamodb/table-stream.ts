import {
  type _Stream,
  DescribeStreamCommand,
  type DescribeStreamCommandOutput,
  type DynamoDBStreamsClient,
  type KeySchemaElement,
  ListStreamsCommand,
  type ListStreamsCommandOutput,
  type Shard,
  type StreamDescription,
} from '@aws-sdk/client-dynamodb-streams';
import type { ShardInfo } from '../../contracts/pipeline.ts';
import type { ServiceCalls } from '../aws/service-calls.ts';
import { SourceConfigurationError } from '../errors.ts';

/** The stream of a table that is read. */
export interface TableStream {
  readonly arn: string;
  readonly keySchema: readonly KeySchemaElement[];
}

const ENABLED: ReadonlySet<string | undefined> = new Set(['ENABLED', 'ENABLING']);

/**
 * Finds the stream of a table and lists its shards.
 *
 * A table has had a stream for each time that streaming was enabled; those that are disabled stay listed for a day.
 * This binds itself to the newest enabled one and stays with it: going over to another by itself would read the new
 * stream beside what is left of the old one, out of order (O1).
 */
export class DynamodbTableStream {
  readonly #client: DynamoDBStreamsClient;
  readonly #calls: ServiceCalls;
  readonly #source: string;
  readonly #table: string;
  #bound: TableStream | undefined;

  constructor(client: DynamoDBStreamsClient, calls: ServiceCalls, source: string, table: string) {
    this.#client = client;
    this.#calls = calls;
    this.#source = source;
    this.#table = table;
  }

  /** @throws {SourceError} */
  async find(signal: AbortSignal): Promise<TableStream> {
    this.#bound ??= await this.#newestEnabled(signal);
    return this.#bound;
  }

  /** @throws {SourceError} */
  async listShards(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    const { arn } = await this.find(signal);
    const shards = new Map<string, ShardInfo>();
    let after: string | undefined;
    do {
      const page = await this.#describe(arn, signal, after);
      if (page.StreamStatus === 'DISABLED') throw this.#disabled(arn);
      for (const shard of page.Shards ?? []) {
        const info = shardInfo(shard);
        shards.set(info.shardId, info);
      }
      after = page.LastEvaluatedShardId;
    } while (after !== undefined);
    return [...shards.values()];
  }

  async #newestEnabled(signal: AbortSignal): Promise<TableStream> {
    const streams = await this.#listStreams(signal);
    // Labels are times in ISO 8601: the order of the texts is that of the times.
    for (const { StreamArn = '' } of streams.toSorted((a, b) => compareTexts(b.StreamLabel, a.StreamLabel))) {
      const { StreamStatus, KeySchema = [] } = await this.#describe(StreamArn, signal);
      if (ENABLED.has(StreamStatus)) return { arn: StreamArn, keySchema: KeySchema };
    }
    throw new SourceConfigurationError(
      this.#source,
      `${this.#source}: table ${this.#table} has no enabled stream (${streams.length} disabled). Enable it on the table (StreamViewType NEW_AND_OLD_IMAGES lets handlers see both images), or check name, region, endpoint and account.`,
    );
  }

  async #listStreams(signal: AbortSignal): Promise<_Stream[]> {
    const streams: _Stream[] = [];
    let after: string | undefined;
    do {
      const command = new ListStreamsCommand({
        TableName: this.#table,
        ...(after === undefined ? {} : { ExclusiveStartStreamArn: after }),
      });
      const page: ListStreamsCommandOutput = await this.#calls.run('ListStreams', signal, (options) =>
        this.#client.send(command, options),
      );
      streams.push(...(page.Streams ?? []));
      after = page.LastEvaluatedStreamArn;
    } while (after !== undefined);
    return streams;
  }

  async #describe(arn: string, signal: AbortSignal, after?: string): Promise<StreamDescription> {
    const command = new DescribeStreamCommand({
      StreamArn: arn,
      ...(after === undefined ? {} : { ExclusiveStartShardId: after }),
    });
    const answer: DescribeStreamCommandOutput = await this.#calls.run(`DescribeStream of ${arn}`, signal, (options) =>
      this.#client.send(command, options),
    );
    return answer.StreamDescription ?? {};
  }

  #disabled(arn: string): SourceConfigurationError {
    return new SourceConfigurationError(
      this.#source,
      `${this.#source}: the stream ${arn} of table ${this.#table} has been disabled. What it still holds can be read for a day. When that is done, enable the stream again and start Keylane anew: it will read the new stream.`,
    );
  }
}

function shardInfo(shard: Shard): ShardInfo {
  return {
    shardId: shard.ShardId ?? '',
    parents: shard.ParentShardId === undefined ? [] : [shard.ParentShardId],
    closed: shard.SequenceNumberRange?.EndingSequenceNumber !== undefined,
  };
}

function compareTexts(a = '', b = ''): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
