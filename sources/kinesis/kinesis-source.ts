import { DescribeStreamSummaryCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import type { KinesisConfig } from '../../contracts/config.ts';
import type { ShardInfo, StartPoint } from '../../contracts/pipeline.ts';
import { clientOptions } from '../aws/client-options.ts';
import { ServiceCalls } from '../aws/service-calls.ts';
import { IteratorCursor } from '../iterator-cursor.ts';
import type { ShardCursor, Source } from '../source.ts';
import { KinesisShardIterators } from './shard-iterators.ts';
import { KinesisShardList } from './shard-list.ts';
import { type StreamId, streamId, streamName } from './stream-id.ts';

/** Shards in one answer of ListShards. AWS gives 1,000 unless told, and allows 10,000. */
const SHARDS_PER_PAGE = 1000;

const HOUR_MS = 3_600_000;
const SHORTEST_RETENTION_HOURS = 24;

/** A Kinesis data stream. It owns a client with its connections; a cursor owns nothing but its place. */
export class KinesisSource implements Source {
  readonly kind = 'kinesis';
  readonly identity: string;
  /** AWS allows five reads a second of one shard. */
  readonly pace = { minIntervalMs: 200, idleIntervalMs: 1000 };
  readonly #client: KinesisClient;
  readonly #calls: ServiceCalls;
  readonly #stream: StreamId;
  readonly #shards: KinesisShardList;

  /** @param shardsPerPage smaller in tests, which have few shards */
  constructor(config: KinesisConfig, shardsPerPage = SHARDS_PER_PAGE) {
    this.identity = `kinesis:${streamName(config.stream)}`;
    this.#client = new KinesisClient(clientOptions(config));
    this.#calls = new ServiceCalls(this.#client, this.identity);
    this.#stream = streamId(config.stream);
    this.#shards = new KinesisShardList(this.#client, this.#calls, this.#stream, shardsPerPage);
  }

  listShards(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    return this.#shards.read(signal);
  }

  async retentionMs(signal: AbortSignal): Promise<number> {
    const command = new DescribeStreamSummaryCommand({ ...this.#stream });
    const answer = await this.#calls.run('DescribeStreamSummary', signal, (options) =>
      this.#client.send(command, options),
    );
    return (answer.StreamDescriptionSummary?.RetentionPeriodHours ?? SHORTEST_RETENTION_HOURS) * HOUR_MS;
  }

  openShard(shardId: string, start: StartPoint): ShardCursor {
    return new IteratorCursor(new KinesisShardIterators(this.#client, this.#calls, this.#stream, shardId), start);
  }

  close(): void {
    this.#client.destroy();
  }
}
