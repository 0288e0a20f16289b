import type { ShardInfo } from '../../../contracts/pipeline/shards.ts';
import type { SourceRecord } from '../../../sources/source.ts';
import type { SimulatedClock } from './clock.ts';
import { pick, type Random } from './random.ts';

const HASHES = 64;

export interface Written extends SourceRecord {
  readonly shard: Shard;
  /** The how-manieth of its key, from 0. */
  readonly index: number;
  readonly sequence: bigint;
}

export interface Shard {
  readonly id: string;
  readonly parents: readonly Shard[];
  readonly from: number;
  readonly to: number;
  readonly records: Written[];
  sequence: bigint;
  closedAt: number | undefined;
}

/**
 * A stream as it is: its shards, which key goes where, and what has been written. Every key goes to one open shard, and
 * records that are past retention are gone, as are closed shards that hold nothing else.
 */
export class ShardGraph {
  readonly shards = new Map<string, Shard>();
  /** Everything that was written, by key. */
  readonly written = new Map<string, Written[]>();
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  readonly #retentionMs: number;
  #open: Shard[] = [];

  constructor(
    clock: SimulatedClock,
    random: Random,
    options: { readonly shards: number; readonly retentionMs: number },
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#retentionMs = options.retentionMs;
    const width = HASHES / options.shards;
    for (let n = 0; n < options.shards; n += 1) {
      this.#open.push(this.#create(Math.floor(n * width), Math.floor((n + 1) * width), []));
    }
  }

  get retentionMs(): number {
    return this.#retentionMs;
  }

  put(key: string, hash: number): void {
    const shard = this.#open.find(({ from, to }) => from <= hash % HASHES && hash % HASHES < to)!;
    const of = this.written.get(key) ?? [];
    shard.sequence += BigInt(1 + pick(this.#random, 9));
    const record: Written = {
      shard,
      index: of.length,
      sequence: shard.sequence,
      position: { shardId: shard.id, sequenceNumber: String(shard.sequence) },
      arrivedAt: this.#clock.now(),
      partitionKey: key,
      data: Buffer.from('{}'),
    };
    shard.records.push(record);
    this.written.set(key, [...of, record]);
  }

  split(which: number): void {
    const shard = this.#open[which % this.#open.length]!;
    if (shard.to - shard.from < 2) return;
    const middle = (shard.from + shard.to) >>> 1;
    this.#replace([shard], [this.#create(shard.from, middle, [shard]), this.#create(middle, shard.to, [shard])]);
  }

  merge(which: number): void {
    if (this.#open.length < 2) return;
    const at = which % (this.#open.length - 1);
    const [low, high] = [this.#open[at]!, this.#open[at + 1]!];
    this.#replace([low, high], [this.#create(low.from, high.to, [low, high])]);
  }

  /** As DynamoDB does every four hours. */
  roll(which: number): void {
    const shard = this.#open[which % this.#open.length]!;
    this.#replace([shard], [this.#create(shard.from, shard.to, [shard])]);
  }

  isGone(record: Written): boolean {
    return record.arrivedAt < this.#clock.now() - this.#retentionMs;
  }

  isListed({ closedAt }: Shard): boolean {
    return closedAt === undefined || closedAt >= this.#clock.now() - this.#retentionMs;
  }

  listing(): ShardInfo[] {
    return [...this.shards.values()]
      .filter((shard) => this.isListed(shard))
      .map(({ id, parents, closedAt }) => {
        return { shardId: id, parents: parents.map((parent) => parent.id), closed: closedAt !== undefined };
      });
  }

  #replace(parents: readonly Shard[], children: readonly Shard[]): void {
    for (const parent of parents) parent.closedAt = this.#clock.now();
    this.#open.splice(this.#open.indexOf(parents[0]!), parents.length, ...children);
  }

  /** Ids in random order, so that nobody can rely on theirs. */
  #create(from: number, to: number, parents: readonly Shard[]): Shard {
    const id = `shard-${String(pick(this.#random, 900) + 100)}-${this.shards.size}`;
    const digits = 1 + pick(this.#random, 25);
    const sequence = BigInt(1 + pick(this.#random, 9)) * 10n ** BigInt(digits) - BigInt(pick(this.#random, 9));
    const shard: Shard = { id, parents, from, to, records: [], sequence, closedAt: undefined };
    this.shards.set(id, shard);
    return shard;
  }
}
