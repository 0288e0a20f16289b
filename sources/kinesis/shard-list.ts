import {
  type KinesisClient,
  type ListShardsCommandOutput,
  ListShardsCommand,
  type Shard,
} from '@aws-sdk/client-kinesis';
import type { ShardInfo } from '../../contracts/pipeline.ts';
import { isRefusal, type ServiceCalls } from '../aws/service-calls.ts';
import type { StreamId } from './stream-id.ts';

/** A listing that takes longer than a token lives, some minutes, is begun again; not for ever. */
const MAX_LISTINGS = 3;

/** Lists the shards of a stream over all pages, each shard once. */
export class KinesisShardList {
  readonly #client: KinesisClient;
  readonly #calls: ServiceCalls;
  readonly #stream: StreamId;
  readonly #pageSize: number;

  constructor(client: KinesisClient, calls: ServiceCalls, stream: StreamId, pageSize: number) {
    this.#client = client;
    this.#calls = calls;
    this.#stream = stream;
    this.#pageSize = pageSize;
  }

  async read(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    for (let listing = 1; ; listing += 1) {
      try {
        return await this.#readPages(signal);
      } catch (error) {
        if (listing === MAX_LISTINGS || !isRefusal(error, 'ExpiredNextTokenException')) throw error;
      }
    }
  }

  async #readPages(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    const shards = new Map<string, ShardInfo>();
    let token: string | undefined;
    do {
      const page: ListShardsCommandOutput = await this.#readPage(token, signal);
      for (const shard of page.Shards ?? []) {
        const info = shardInfo(shard);
        shards.set(info.shardId, info);
      }
      token = page.NextToken;
    } while (token !== undefined);
    return [...shards.values()];
  }

  #readPage(token: string | undefined, signal: AbortSignal): Promise<ListShardsCommandOutput> {
    // A token stands for stream and filter; AWS refuses it beside a stream.
    const subject = token === undefined ? this.#stream : { NextToken: token };
    const command = new ListShardsCommand({ ...subject, MaxResults: this.#pageSize });
    return this.#calls.run('ListShards', signal, (options) => this.#client.send(command, options));
  }
}

function shardInfo(shard: Shard): ShardInfo {
  const parents = [shard.ParentShardId, shard.AdjacentParentShardId];
  return {
    shardId: shard.ShardId ?? '',
    parents: parents.filter((parent) => parent !== undefined),
    // Its value means nothing: an emulator gives the largest number there is. That it is there tells.
    closed: shard.SequenceNumberRange?.EndingSequenceNumber !== undefined,
  };
}
