import { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KinesisConfig } from '../../contracts/config.ts';
import type { ShardInfo, StartPoint } from '../../contracts/pipeline.ts';
import { clientOptions } from '../aws/client-options.ts';
import { ServiceCalls } from '../aws/service-calls.ts';
import { IteratorCursor } from '../iterator-cursor.ts';
import { DEFAULT_IDLE_INTERVAL_MS, MIN_INTERVAL_MS, type SourceOptions } from '../options.ts';
import type { ShardCursor, Source } from '../source.ts';
import { KinesisRetention } from './retention.ts';
import { KinesisShardIterators, type StreamAccess } from './shard-iterators.ts';
import { KinesisShardList } from './shard-list.ts';
import { streamId, streamName } from './stream-id.ts';

/** Shards in one answer of ListShards. AWS gives 1,000 unless told, and allows 10,000. */
const SHARDS_PER_PAGE = 1000;

export interface KinesisSourceOptions extends SourceOptions {
  /** Smaller in tests, which have few shards. */
  readonly shardsPerPage?: number;
}

/** A Kinesis data stream. It owns a client with its connections; a cursor owns nothing but its place. */
export class KinesisSource implements Source {
  readonly kind = 'kinesis';
  readonly identity: string;
  readonly pace: Source['pace'];
  readonly #now: () => number;
  readonly #access: StreamAccess;

  constructor(config: KinesisConfig, options: KinesisSourceOptions = {}) {
    const { idleIntervalMs = DEFAULT_IDLE_INTERVAL_MS, now = Date.now, shardsPerPage = SHARDS_PER_PAGE } = options;
    this.identity = `kinesis:${streamName(config.stream)}`;
    this.pace = { minIntervalMs: MIN_INTERVAL_MS, idleIntervalMs };
    this.#now = now;
    const client = new KinesisClient(clientOptions(config));
    const calls = new ServiceCalls(client, this.identity);
    const stream = streamId(config.stream);
    this.#access = {
      client,
      calls,
      stream,
      shards: new KinesisShardList(client, calls, stream, shardsPerPage),
      retention: new KinesisRetention(client, calls, stream, now),
    };
  }

  listShards(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    return this.#access.shards.read(signal);
  }

  retentionMs(signal: AbortSignal): Promise<number> {
    return this.#access.retention.ask(signal);
  }

  openShard(shardId: string, start: StartPoint): ShardCursor {
    return new IteratorCursor(new KinesisShardIterators(this.#access, shardId), start, { now: this.#now });
  }

  close(): void {
    this.#access.client.destroy();
  }
}
