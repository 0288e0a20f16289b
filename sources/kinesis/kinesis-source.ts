import { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KinesisConfig } from '../../contracts/public/source-config.ts';
import type { ShardInfo } from '../../contracts/pipeline/shards.ts';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import type { Position } from '../../contracts/event/position.ts';
import { awsClient } from '../../aws/client.ts';
import { STREAM_REQUESTS } from '../aws/client-options.ts';
import { ServiceCalls } from '../aws/service-calls.ts';
import { SourceError } from '../errors.ts';
import { IteratorCursor } from '../iterator-cursor.ts';
import { DEFAULT_IDLE_INTERVAL_MS, MIN_INTERVAL_MS, type SourceOptions } from '../options.ts';
import { recordAt } from '../record-at.ts';
import type { ShardCursor, Source, SourceDescription, SourceRecord } from '../source.ts';
import { AwaitedCursor } from './fan-out/awaited-cursor.ts';
import { FanOut, type FanOutLimits } from './fan-out/fan-out.ts';
import { KinesisShardIterators, type StreamAccess } from './shard-iterators.ts';
import { KinesisShardList } from './shard-list.ts';
import { streamArn, streamId, streamName } from './stream-id.ts';
import { KinesisSummary, type StreamSummary } from './stream-summary.ts';

/** Shards in one answer of ListShards. AWS returns 1,000 by default, and allows 10,000. */
const SHARDS_PER_PAGE = 1000;

export interface KinesisSourceOptions extends SourceOptions {
  /** Smaller in tests, which have few shards. */
  readonly shardsPerPage?: number;
  /** Smaller in tests. */
  readonly fanOutLimits?: FanOutLimits;
}

/** Records are pushed, so there is no wait between pages. */
const PUSHED: Source['pace'] = { minIntervalMs: 0, idleIntervalMs: 0 };

/** A Kinesis data stream. Owns a client with its connections; a cursor owns only its position. */
export class KinesisSource implements Source {
  readonly kind = 'kinesis';
  readonly identity: string;
  readonly pace: Source['pace'];
  readonly #now: () => number;
  readonly #arn: string | undefined;
  readonly #access: StreamAccess;
  readonly #fanOut: FanOut | undefined;

  constructor(config: KinesisConfig, options: KinesisSourceOptions = {}) {
    const { idleIntervalMs = DEFAULT_IDLE_INTERVAL_MS, now = Date.now, shardsPerPage = SHARDS_PER_PAGE } = options;
    this.identity = `kinesis:${streamName(config.stream)}`;
    this.pace = config.fanOut === undefined ? { minIntervalMs: MIN_INTERVAL_MS, idleIntervalMs } : PUSHED;
    this.#now = now;
    this.#arn = streamArn(config.stream);
    const client = awsClient((given) => new KinesisClient(given), config, STREAM_REQUESTS);
    const calls = new ServiceCalls(client, this.identity);
    const stream = streamId(config.stream);
    this.#access = {
      client,
      calls,
      stream,
      shards: new KinesisShardList(client, calls, stream, shardsPerPage),
      summary: new KinesisSummary(client, calls, stream, now),
    };
    if (config.fanOut !== undefined) {
      this.#fanOut = new FanOut(config.fanOut, this.identity, this.#access, config, options.fanOutLimits);
    }
  }

  async listShards(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    // A consumer that cannot be registered is reported at start, like a stream that does not exist.
    await this.#fanOut?.consumer.arn(signal);
    return await this.#access.shards.read(signal);
  }

  async describe(signal: AbortSignal): Promise<SourceDescription> {
    const { calls, client, shards } = this.#access;
    const [summary, region] = await Promise.all([this.#summary(signal), client.config.region()]);
    const { endpoint } = calls;
    const { oldest } = shards;
    const stream = {
      region,
      ...(this.#arn === undefined ? {} : { arn: this.#arn }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(oldest === undefined ? {} : { oldestShard: oldest }),
    };
    if (summary instanceof SourceError) return { stream, incomplete: summary };
    const { identity, retentionMs, unordered } = summary;
    return { stream: { ...stream, ...identity }, retentionMs, unordered };
  }

  now(signal: AbortSignal): Promise<number | undefined> {
    const { calls, summary } = this.#access;
    return calls.now(() => summary.ask(signal));
  }

  async retentionMs(signal: AbortSignal): Promise<number> {
    return (await this.#access.summary.ask(signal)).retentionMs;
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

  async #summary(signal: AbortSignal): Promise<StreamSummary | SourceError> {
    try {
      return await this.#access.summary.ask(signal);
    } catch (error) {
      if (error instanceof SourceError) return error;
      throw error;
    }
  }

  close(): void {
    this.#fanOut?.close();
    this.#access.client.destroy();
  }
}
