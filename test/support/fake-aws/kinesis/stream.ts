import { AwsError } from '../aws-error.ts';
import type { ListedShard } from '../faults.ts';
import type { World } from '../world.ts';
import { contains, evenRanges, hashKeyOf, type HashRange, middleOf } from './hash-keys.ts';
import { type KinesisPut, KinesisShard } from './shard.ts';

export interface StreamOptions {
  /** @default 1 */
  readonly shards?: number;
  /** @default a day */
  readonly retentionMs?: number;
  /** How long the stream is UPDATING; writes go to the parents until that is over. @default 0, at once */
  readonly transitionMs?: number;
  /** Of an on-demand stream; AUTO spreads records whatever their keys. @default none: the stream is provisioned */
  readonly distribution?: Distribution;
}

export type Distribution = 'AUTO' | 'USER_PARTITION_KEY';

export interface Placement {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

const DAY_MS = 86_400_000;

/**
 * A data stream: its shards, which key goes where, and their lineage.
 *
 * 1. The open shards cover every hash key once; `#open` has them in the order of their ranges.
 * 2. What is due by the clock (a reshard that is over, a shard or record past retention) is done when somebody looks.
 */
export class FakeKinesisStream {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  retentionMs: number;
  transitionMs: number;
  /** May be changed at any time, as with UpdateStreamRecordDistributionStrategy. */
  distribution: Distribution | undefined;
  readonly #world: World;
  readonly #shards = new Map<string, KinesisShard>();
  #open: KinesisShard[];
  #created = 0;
  #turn = 0;
  #due: { readonly at: number; readonly apply: (at: number) => void }[] = [];

  constructor(name: string, world: World, options: StreamOptions = {}) {
    const { distribution, retentionMs = DAY_MS, shards = 1, transitionMs = 0 } = options;
    this.name = name;
    this.arn = `arn:aws:kinesis:${world.region}:${world.account}:stream/${name}`;
    this.#world = world;
    this.retentionMs = retentionMs;
    this.transitionMs = transitionMs;
    this.distribution = distribution;
    this.createdAt = world.clock.now();
    this.#open = evenRanges(shards).map((hashes) => this.#create(hashes, this.createdAt));
  }

  get status(): 'ACTIVE' | 'UPDATING' {
    this.#settle();
    return this.#due.length > 0 ? 'UPDATING' : 'ACTIVE';
  }

  /** Ids of the open shards in the order of their hash ranges. */
  get openShards(): readonly string[] {
    this.#settle();
    return this.#open.map(({ id }) => id);
  }

  put(...records: readonly KinesisPut[]): Placement[] {
    this.#settle();
    const now = this.#world.clock.now();
    return records.map((record) => {
      const shard = this.distribution === 'AUTO' ? this.#nextInTurn() : this.#openAt(hashOf(record));
      return { shardId: shard.id, sequenceNumber: String(shard.append(record, now)) };
    });
  }

  #nextInTurn(): KinesisShard {
    this.#turn += 1;
    return this.#open[this.#turn % this.#open.length]!;
  }

  /** @param at the second child's first hash key; the middle unless given */
  split(shardId: string, at?: bigint): void {
    const shard = this.#resharded(shardId);
    const middle = at ?? middleOf(shard.hashes);
    if (!contains(shard.hashes, middle) || middle === shard.hashes.start) {
      throw new AwsError('InvalidArgumentException', `NewStartingHashKey ${middle} does not split shard ${shardId}`);
    }
    this.#after(this.transitionMs, (now) => this.#split(shard, middle, now));
  }

  /** Merges two neighbours. */
  merge(shardId: string, adjacentShardId: string): void {
    const [shard, adjacent] = [this.#resharded(shardId), this.#resharded(adjacentShardId)];
    if (Math.abs(this.#open.indexOf(shard) - this.#open.indexOf(adjacent)) !== 1) {
      throw new AwsError('InvalidArgumentException', `Shards ${shardId} and ${adjacentShardId} are not adjacent.`);
    }
    this.#after(this.transitionMs, (now) => this.#merge(shard, adjacent, now));
  }

  /** Splits at the new borders first and merges what lies between them: shards in between live for a moment only. */
  updateShardCount(target: number): void {
    this.#requireActive();
    const ranges = evenRanges(target);
    this.#after(this.transitionMs / 2, (now) => {
      for (const { start } of ranges) {
        const shard = this.#openAt(start);
        if (shard.hashes.start !== start) this.#split(shard, start, now);
      }
    });
    this.#after(this.transitionMs, (now) => {
      for (const range of ranges) {
        for (let [one, two] = this.#inside(range); one && two; [one, two] = this.#inside(range)) {
          this.#merge(one, two, now);
        }
      }
    });
  }

  /** The shard without the records that are past retention; undefined when the shard itself is. */
  shard(shardId: string): KinesisShard | undefined {
    this.#settle();
    const shard = this.#shards.get(shardId);
    if (shard === undefined || this.#isExpired(shard)) return undefined;
    shard.log.trim(this.horizon());
    return shard;
  }

  /** Every shard that has not expired, in the order of creation. */
  shards(): KinesisShard[] {
    this.#settle();
    for (const shard of this.#shards.values()) if (this.#isExpired(shard)) this.#shards.delete(shard.id);
    return [...this.#shards.values()];
  }

  /** The listing by now; for faults that show it later. */
  listing(): ListedShard[] {
    return this.shards().map((shard) => shard.listed());
  }

  childrenOf(shardId: string): KinesisShard[] {
    return this.shards().filter(({ parents }) => parents.includes(shardId));
  }

  /** Records from before are gone. */
  horizon(): number {
    return this.#world.clock.now() - this.retentionMs;
  }

  #isExpired({ closedAt }: KinesisShard): boolean {
    return closedAt !== undefined && closedAt < this.horizon();
  }

  #create(hashes: HashRange, createdAt: number, parents: readonly KinesisShard[] = []): KinesisShard {
    const shard = new KinesisShard({ index: this.#created, hashes, createdAt, parents });
    this.#created += 1;
    this.#shards.set(shard.id, shard);
    return shard;
  }

  #split(shard: KinesisShard, middle: bigint, now: number): void {
    const { start, end } = shard.hashes;
    shard.close(now);
    const low = this.#create({ start, end: middle - 1n }, now, [shard]);
    const high = this.#create({ start: middle, end }, now, [shard]);
    this.#open.splice(this.#open.indexOf(shard), 1, low, high);
  }

  #merge(shard: KinesisShard, adjacent: KinesisShard, now: number): void {
    const at = Math.min(this.#open.indexOf(shard), this.#open.indexOf(adjacent));
    const [low, high] = shard.hashes.start < adjacent.hashes.start ? [shard, adjacent] : [adjacent, shard];
    for (const parent of [shard, adjacent]) parent.close(now);
    const child = this.#create({ start: low.hashes.start, end: high.hashes.end }, now, [shard, adjacent]);
    this.#open.splice(at, 2, child);
  }

  #inside(range: HashRange): KinesisShard[] {
    return this.#open.filter(({ hashes }) => contains(range, hashes.start));
  }

  #openAt(hash: bigint): KinesisShard {
    let [low, high] = [0, this.#open.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#open[middle]!.hashes.start <= hash) low = middle;
      else high = middle - 1;
    }
    return this.#open[low]!;
  }

  #resharded(shardId: string): KinesisShard {
    this.#requireActive();
    const shard = this.#open.find(({ id }) => id === shardId);
    if (shard !== undefined) return shard;
    if (this.shard(shardId) === undefined) throw this.missing(shardId);
    throw new AwsError('InvalidArgumentException', `Shard ${shardId} in stream ${this.name} is closed.`);
  }

  missing(shardId: string): AwsError {
    const message = `Shard ${shardId} in stream ${this.name} under account ${this.#world.account} does not exist`;
    return new AwsError('ResourceNotFoundException', message);
  }

  #requireActive(): void {
    if (this.status === 'ACTIVE') return;
    const message = `Stream ${this.name} under account ${this.#world.account} not ACTIVE, instead in state UPDATING`;
    throw new AwsError('ResourceInUseException', message);
  }

  #after(ms: number, apply: (now: number) => void): void {
    this.#due.push({ at: this.#world.clock.now() + ms, apply });
    this.#settle();
  }

  #settle(): void {
    const now = this.#world.clock.now();
    for (let next = this.#due[0]; next !== undefined && next.at <= now; next = this.#due[0]) {
      this.#due.shift();
      next.apply(next.at);
    }
  }
}

function hashOf({ explicitHashKey, key }: KinesisPut): bigint {
  return explicitHashKey === undefined ? hashKeyOf(key) : BigInt(explicitHashKey);
}
