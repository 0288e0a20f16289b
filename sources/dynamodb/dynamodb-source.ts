import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { DynamodbConfig } from '../../contracts/public/source-config.ts';
import type { ShardInfo } from '../../contracts/pipeline/shards.ts';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import type { Position } from '../../contracts/event/position.ts';
import { awsClient } from '../../aws/client.ts';
import { STREAM_REQUESTS } from '../aws/client-options.ts';
import { ServiceCalls } from '../aws/service-calls.ts';
import { IteratorCursor } from '../iterator-cursor.ts';
import { DEFAULT_IDLE_INTERVAL_MS, MIN_INTERVAL_MS, type SourceOptions } from '../options.ts';
import { recordAt } from '../record-at.ts';
import { SourceError } from '../errors.ts';
import type { ShardCursor, Source, SourceDescription, SourceRecord } from '../source.ts';
import { DynamodbShardIterators, RETENTION_MS } from './shard-iterators.ts';
import { StreamCalls } from './stream-calls.ts';
import { DynamodbTableStream, type TableIdentity } from './table-stream.ts';

/**
 * A record's time is rounded down, to the second by AWS and to the minute by DynamoDB Local. A start at a time reads
 * records from this much earlier: a few too many do no harm, one too few would be a loss.
 */
const TIME_SLACK_MS = 60_000;

/** The streams of a DynamoDB table. Owns a client with its connections, and remembers which stream has a shard. */
export class DynamodbSource implements Source {
  readonly kind = 'dynamodb';
  readonly identity: string;
  readonly pace: Source['pace'];
  readonly #now: () => number;
  readonly #client: DynamoDBStreamsClient;
  readonly #calls: ServiceCalls;
  readonly #tableName: string;
  readonly #streams: StreamCalls;
  readonly #table: DynamodbTableStream;

  constructor(config: DynamodbConfig, options: SourceOptions = {}) {
    const { idleIntervalMs = DEFAULT_IDLE_INTERVAL_MS, now = Date.now } = options;
    this.identity = `dynamodb:${config.table}`;
    this.pace = { minIntervalMs: MIN_INTERVAL_MS, idleIntervalMs };
    this.#now = now;
    this.#client = awsClient((given) => new DynamoDBStreamsClient(given), config, STREAM_REQUESTS);
    this.#calls = new ServiceCalls(this.#client, this.identity);
    const isExpired = (createdAt: number) => createdAt < now() - RETENTION_MS;
    this.#tableName = config.table;
    this.#streams = new StreamCalls(this.#client, this.#calls);
    this.#table = new DynamodbTableStream(this.#streams, this.identity, config.table, isExpired);
  }

  listShards(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    return this.#table.listShards(signal);
  }

  async describe(signal: AbortSignal): Promise<SourceDescription> {
    const [identity, region] = await Promise.all([this.#identity(signal), this.#client.config.region()]);
    const { endpoint } = this.#calls;
    const stream = { region, ...(endpoint === undefined ? {} : { endpoint }) };
    if (identity instanceof SourceError) return { stream, retentionMs: RETENTION_MS, incomplete: identity };
    return { stream: { ...stream, ...identity }, retentionMs: RETENTION_MS, unordered: false };
  }

  now(signal: AbortSignal): Promise<number | undefined> {
    return this.#calls.now(() => this.#streams.ofTable(this.#tableName, signal));
  }

  retentionMs(): Promise<number> {
    return Promise.resolve(RETENTION_MS);
  }

  openShard(shardId: string, start: StartPoint): ShardCursor {
    const shard = new DynamodbShardIterators(this.#client, this.#calls, this.#table, shardId);
    const now = this.#now;
    // Nothing shows the tip of a shard here, not even an empty page, so `consumedUntil` is not reliable.
    if (start.at === 'after') return new IteratorCursor(shard, { at: 'after', position: start.position }, { now });
    if (start.at === 'horizon') return new IteratorCursor(shard, start, { now });
    return new IteratorCursor(shard, { at: 'horizon' }, { now, notBefore: start.since - TIME_SLACK_MS });
  }

  recordAt(position: Position, signal: AbortSignal): Promise<SourceRecord | undefined> {
    const shard = new DynamodbShardIterators(this.#client, this.#calls, this.#table, position.shardId);
    return recordAt(shard, () => shard.openAt(position, signal), position, signal);
  }

  async #identity(signal: AbortSignal): Promise<TableIdentity | SourceError> {
    try {
      return await this.#table.identity(signal);
    } catch (error) {
      if (error instanceof SourceError) return error;
      throw error;
    }
  }

  close(): void {
    this.#client.destroy();
  }
}
