import {
  type KinesisClient,
  type ListShardsCommandOutput,
  ListShardsCommand,
  type Shard,
} from '@aws-sdk/client-kinesis';
import type { ShardInfo } from '../../contracts/pipeline/shards.ts';
import { compareSequenceNumbers, type Position } from '../../contracts/event/position.ts';
import { isServiceError, type ServiceCalls } from '../aws/service-calls.ts';
import type { HashKeyRange } from './aggregate.ts';
import type { StreamId } from './stream-id.ts';

/** A listing that takes longer than the lifetime of a token, some minutes, is started again at most this often. */
const MAX_LISTINGS = 3;

/** What a listing says about a shard. `unknown`: it is missing, and the listing may be too old to contain it. */
export type ShardState = 'open' | 'closed' | 'expired' | 'unknown';

/** What a new listing says about a shard that was not found. */
export interface ShardSighting {
  readonly state: ShardState;
  /** Nothing more is written to it: the listing shows it as closed, or has a child of it. */
  readonly hasEnded: boolean;
}

/**
 * Lists the shards of a stream over all pages, each shard once, and remembers their hash keys and starts, which never
 * change.
 */
export class KinesisShardList {
  readonly #client: KinesisClient;
  readonly #calls: ServiceCalls;
  readonly #stream: StreamId;
  readonly #pageSize: number;
  #ranges: ReadonlyMap<string, HashKeyRange> = new Map();
  #beginnings: ReadonlyMap<string, string> = new Map();

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
        if (listing === MAX_LISTINGS || !isServiceError(error, 'ExpiredNextTokenException')) throw error;
      }
    }
  }

  /**
   * Shard ids count up. A listing that lags behind lacks the newest shards; when it has newer ones than this and lacks
   * this one, this one has expired.
   */
  async stateOf(shardId: string, signal: AbortSignal): Promise<ShardState> {
    return (await this.lookFor(shardId, signal)).state;
  }

  async lookFor(shardId: string, signal: AbortSignal): Promise<ShardSighting> {
    const shards = await this.read(signal);
    const state = stateIn(shards, shardId);
    const hasEnded = state === 'closed' || shards.some(({ parents }) => parents.includes(shardId));
    return { state, hasEnded };
  }

  /** The oldest shard of the latest listing, and its first sequence number. */
  get oldest(): { readonly shardId: string; readonly beginning: string } | undefined {
    const [shardId] = [...this.#beginnings.keys()].toSorted();
    const beginning = shardId === undefined ? undefined : this.#beginnings.get(shardId);
    return shardId === undefined || beginning === undefined ? undefined : { shardId, beginning };
  }

  /** Undefined for a shard that is not listed. */
  async hashKeysOf(shardId: string, signal: AbortSignal): Promise<HashKeyRange | undefined> {
    if (!this.#ranges.has(shardId)) await this.read(signal);
    return this.#ranges.get(shardId);
  }

  /**
   * Whether, by a new listing, the position is before everything that its shard ever had. Shards are numbered from zero
   * in every stream, so such a position belongs to a shard with the same id in an earlier stream of this name.
   */
  async isOfFormerStream({ shardId, sequenceNumber }: Position, signal: AbortSignal): Promise<boolean> {
    await this.read(signal);
    const beginning = this.#beginnings.get(shardId);
    return beginning !== undefined && compareSequenceNumbers(sequenceNumber, beginning) < 0;
  }

  async #readPages(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    const shards = new Map<string, ShardInfo>();
    const ranges = new Map<string, HashKeyRange>();
    const beginnings = new Map<string, string>();
    let token: string | undefined;
    do {
      const page: ListShardsCommandOutput = await this.#readPage(token, signal);
      for (const shard of page.Shards ?? []) {
        const info = shardInfo(shard);
        shards.set(info.shardId, info);
        const range = hashKeyRange(shard);
        if (range !== undefined) ranges.set(info.shardId, range);
        const beginning = shard.SequenceNumberRange?.StartingSequenceNumber;
        if (beginning !== undefined) beginnings.set(info.shardId, beginning);
      }
      token = page.NextToken;
    } while (token !== undefined);
    this.#ranges = ranges;
    this.#beginnings = beginnings;
    return [...shards.values()];
  }

  #readPage(token: string | undefined, signal: AbortSignal): Promise<ListShardsCommandOutput> {
    // A token implies stream and filter; AWS rejects it together with a stream.
    const subject = token === undefined ? this.#stream : { NextToken: token };
    const command = new ListShardsCommand({ ...subject, MaxResults: this.#pageSize });
    return this.#calls.run('ListShards', signal, (options) => this.#client.send(command, options));
  }
}

function stateIn(shards: readonly ShardInfo[], shardId: string): ShardState {
  const shard = shards.find((each) => each.shardId === shardId);
  if (shard !== undefined) return shard.closed ? 'closed' : 'open';
  return shards.some((each) => each.shardId > shardId) ? 'expired' : 'unknown';
}

function shardInfo(shard: Shard): ShardInfo {
  const parents = [shard.ParentShardId, shard.AdjacentParentShardId];
  return {
    shardId: shard.ShardId ?? '',
    parents: parents.filter((parent) => parent !== undefined),
    // Only its presence counts: an emulator returns the largest possible number.
    closed: shard.SequenceNumberRange?.EndingSequenceNumber !== undefined,
  };
}

function hashKeyRange({ HashKeyRange: range }: Shard): HashKeyRange | undefined {
  const { StartingHashKey, EndingHashKey } = range ?? {};
  if (StartingHashKey === undefined || EndingHashKey === undefined) return undefined;
  return { first: BigInt(StartingHashKey), last: BigInt(EndingHashKey) };
}
