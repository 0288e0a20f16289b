import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { DynamodbConfig } from '../../contracts/config.ts';
import type { ShardInfo, StartPoint } from '../../contracts/pipeline.ts';
import { clientOptions } from '../aws/client-options.ts';
import { ServiceCalls } from '../aws/service-calls.ts';
import { IteratorCursor } from '../iterator-cursor.ts';
import type { ShardCursor, Source } from '../source.ts';
import { DynamodbShardIterators } from './shard-iterators.ts';
import { DynamodbTableStream } from './table-stream.ts';

/**
 * A record's time is rounded down, to the second by AWS and to the minute by DynamoDB Local. A start at a time takes
 * records from so much earlier: a few too many do no harm, one too few would be a loss.
 */
const TIME_SLACK_MS = 60_000;

const RETENTION_MS = 24 * 3_600_000;

/** The stream of a DynamoDB table. It owns a client with its connections, and remembers which stream it reads. */
export class DynamodbSource implements Source {
  readonly kind = 'dynamodb';
  readonly identity: string;
  readonly pace = { minIntervalMs: 200, idleIntervalMs: 1000 };
  readonly #client: DynamoDBStreamsClient;
  readonly #calls: ServiceCalls;
  readonly #stream: DynamodbTableStream;

  constructor(config: DynamodbConfig) {
    this.identity = `dynamodb:${config.table}`;
    this.#client = new DynamoDBStreamsClient(clientOptions(config));
    this.#calls = new ServiceCalls(this.#client, this.identity);
    this.#stream = new DynamodbTableStream(this.#client, this.#calls, this.identity, config.table);
  }

  listShards(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    return this.#stream.listShards(signal);
  }

  /** Nobody can change it: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html */
  retentionMs(): Promise<number> {
    return Promise.resolve(RETENTION_MS);
  }

  openShard(shardId: string, start: StartPoint): ShardCursor {
    const shard = new DynamodbShardIterators(this.#client, this.#calls, this.#stream, shardId);
    if (start.at !== 'time') return new IteratorCursor(shard, start);
    return new IteratorCursor(shard, { at: 'horizon' }, { notBefore: start.since - TIME_SLACK_MS });
  }

  close(): void {
    this.#client.destroy();
  }
}
