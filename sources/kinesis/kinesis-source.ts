import { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KinesisConfig } from '../../contracts/config.ts';
import type { ShardInfo, StartPoint } from '../../contracts/pipeline.ts';
import type { Position } from '../../contracts/position.ts';
import { clientOptions } from '../aws/client-options.ts';
import { ServiceCalls } from '../aws/service-calls.ts';
import { IteratorCursor } from '../iterator-cursor.ts';
import { DEFAULT_IDLE_INTERVAL_MS, MIN_INTERVAL_MS, type SourceOptions } from '../options.ts';
import { recordAt } from '../record-at.ts';
import type { ShardCursor, Source, SourceRecord } from '../source.ts';
import { AwaitedCursor } from './fan-out/awaited-cursor.ts';
import { FanOut, type FanOutLimits } from './fan-out/fan-out.ts';
import { KinesisRetention } from './retention.ts';
import { KinesisShardIterators, type StreamAccess } from './shard-iterators.ts';
import { KinesisShardList } from './shard-list.ts';
import { streamId, streamName } from './stream-id.ts';

/** Shards in one answer of ListShards. AWS gives 1,000 unless told, and allows 10,000. */
const SHARDS_PER_PAGE = 1000;

export interface KinesisSourceOptions extends SourceOptions {
  /** Smaller in tests, which have few shards. */
  readonly shardsPerPage?: number;
  /** Smaller in tests. */
  readonly fanOutLimits?: FanOutLimits;
}

/** Records come by themselves; whoever is ready for the next page need not wait. */
const PUSHED: Source['pace'] = { minIntervalMs: 0, idleIntervalMs: 0 };

/** A Kinesis data stream. It owns a client with its connections; a cursor owns nothing but its place. */
export class KinesisSource implements Source {
  readonly kind = 'kinesis';
  readonly identity: string;
  readonly pace: Source['pace'];
  readonly #now: () => number;
  readonly #access: StreamAccess;
  readonly #fanOut: FanOut | undefined;

  constructor(config: KinesisConfig, options: KinesisSourceOptions = {}) {
    const { idleIntervalMs = DEFAULT_IDLE_INTERVAL_MS, now = Date.now, shardsPerPage = SHARDS_PER_PAGE } = options;
    this.identity = `kinesis:${streamName(config.stream)}`;
    this.pace = config.fanOut === undefined ? { minIntervalMs: MIN_INTERVAL_MS, idleIntervalMs } : PUSHED;
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
    if (config.fanOut !== undefined) {
      this.#fanOut = new FanOut(config.fanOut, this.identity, this.#access, config, options.fanOutLimits);
    }
  }

  async listShards(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    // A consumer that cannot be had is told at the start, like a stream that is not there.
    await this.#fanOut?.consumer.arn(signal);
    return await this.#access.shards.read(signal);
  }

  retentionMs(signal: AbortSignal): Promise<number> {
    return this.#access.retention.ask(signal);
  }

  openShard(shardId: string, start: StartPoint): ShardCursor {
    const now = this.#now;
    if (this.#fanOut !== undefined)
      return new AwaitedCursor(new IteratorCursor(this.#fanOut.shard(shardId), start, { now }));
    return new IteratorCursor(new KinesisShardIterators(this.#access, shardId), start, { now });
  }

  recordAt(position: Position, signal: AbortSignal): Promise<SourceRecord | undefined> {
    const shard = new KinesisShardIterators(this.#access, position.shardId);
    return recordAt(shard, () => shard.open({ at: 'after', position }, signal), position, signal);
  }

  close(): void {
    this.#fanOut?.close();
    this.#access.client.destroy();
  }
}
