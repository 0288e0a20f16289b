import { AwsError } from '../aws-error.ts';
import type { ListedShard } from '../faults.ts';
import type { World } from '../world.ts';
import { ALL_KEYS, type Change, DynamodbShard, type KeyRange } from './shard.ts';

export type ViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

export interface KeySchemaElement {
  readonly AttributeName: string;
  readonly KeyType: 'HASH' | 'RANGE';
}

export interface TableStreamOptions {
  readonly table: string;
  readonly keySchema: readonly KeySchemaElement[];
  readonly viewType: ViewType;
  /** Open shards to begin with. */
  readonly shards: number;
  /** Age at which a shard gives way to a child. Infinity: only when the test says so. */
  readonly rollEveryMs: number;
}

export const STREAM_RETENTION_MS = 86_400_000;

/** Counts shards over all streams of a world, so that no two have the same id. */
const shardsOf = new WeakMap<World, number>();

/**
 * One stream of a table: it lives from the moment streaming is enabled, and has no tie to the stream before or after.
 *
 * 1. While it is enabled the open shards cover every key once.
 * 2. What is due by the clock (a roll, the end of a shard's or a record's day) is done when somebody looks, each roll
 *    at its own time, so that a table that nobody has touched for a day has all the generations of that day.
 */
export class FakeTableStream {
  readonly arn: string;
  readonly label: string;
  readonly options: TableStreamOptions;
  readonly createdAt: number;
  disabledAt: number | undefined;
  readonly #world: World;
  readonly #shards = new Map<string, DynamodbShard>();
  /** Of every shard that there was: a listing may go on behind one that has gone meanwhile. */
  readonly #indexes = new Map<string, number>();
  #open: readonly DynamodbShard[];

  constructor(world: World, options: TableStreamOptions) {
    this.#world = world;
    this.options = options;
    this.createdAt = world.clock.now();
    this.label = new Date(this.createdAt).toISOString().replace('Z', '');
    this.arn = `arn:aws:dynamodb:${world.region}:${world.account}:table/${options.table}/stream/${this.label}`;
    const width = ALL_KEYS.end / options.shards;
    this.#open = Array.from({ length: options.shards }, (_, index) =>
      this.#create({ start: index * width, end: (index + 1) * width }, this.createdAt),
    );
  }

  get status(): 'ENABLED' | 'DISABLED' {
    return this.disabledAt === undefined ? 'ENABLED' : 'DISABLED';
  }

  /** A stream that was disabled is listed and can be read for a day. */
  get isExpired(): boolean {
    return this.disabledAt !== undefined && this.disabledAt < this.#horizon();
  }

  get openShards(): readonly string[] {
    this.#rollWhatIsDue();
    return this.#open.map(({ id }) => id);
  }

  /** @param hash of the item's partition key */
  append(change: Change, hash: number): { shardId: string; sequenceNumber: string } {
    this.#rollWhatIsDue();
    const shard = this.#open.find(({ keys }) => keys.start <= hash && hash < keys.end);
    if (shard === undefined) throw new Error(`Stream ${this.arn} is disabled: it takes no changes`);
    return { shardId: shard.id, sequenceNumber: String(shard.append(change, this.#world.clock.now())) };
  }

  /** Closes a shard, or every open one, and goes on in one child each. Returns the children's ids. */
  roll(shardId?: string): string[] {
    this.#rollWhatIsDue();
    const shards = shardId === undefined ? this.#open : [this.#openShard(shardId)];
    return shards.flatMap((shard) => this.#replace(shard, [shard.keys], this.#world.clock.now()));
  }

  /** Closes a shard and goes on in two children. Returns their ids. */
  split(shardId: string): string[] {
    this.#rollWhatIsDue();
    const shard = this.#openShard(shardId);
    const { start, end } = shard.keys;
    const middle = (start + end) / 2;
    const halves = [
      { start, end: middle },
      { start: middle, end },
    ];
    return this.#replace(shard, halves, this.#world.clock.now());
  }

  disable(): void {
    this.#rollWhatIsDue();
    this.disabledAt = this.#world.clock.now();
    for (const shard of this.#open) shard.close(this.disabledAt);
    this.#open = [];
  }

  /** The shard without what is older than a day; undefined when all of it is. */
  shard(shardId: string): DynamodbShard | undefined {
    this.#rollWhatIsDue();
    const shard = this.#shards.get(shardId);
    if (shard === undefined || this.#isExpiredShard(shard)) return undefined;
    shard.log.trim(this.#horizon());
    return shard;
  }

  /** In the order of their creation, which is not that of their ids when they are of the same ms. */
  shards(): DynamodbShard[] {
    this.#rollWhatIsDue();
    for (const shard of this.#shards.values()) if (this.#isExpiredShard(shard)) this.#shards.delete(shard.id);
    return [...this.#shards.values()];
  }

  listing(): ListedShard[] {
    return this.shards().map((shard) => shard.listed());
  }

  /** Shards behind the one at which a page of the listing ended. */
  shardsAfter(shardId: string): DynamodbShard[] {
    const last = this.#indexes.get(shardId);
    // DynamoDB Local takes any text here, and goes on behind it.
    return this.shards().filter(({ id, index }) => (last === undefined ? id > shardId : index > last));
  }

  #horizon(): number {
    return this.#world.clock.now() - STREAM_RETENTION_MS;
  }

  #isExpiredShard({ closedAt }: DynamodbShard): boolean {
    return closedAt !== undefined && closedAt < this.#horizon();
  }

  #openShard(shardId: string): DynamodbShard {
    const shard = this.#open.find(({ id }) => id === shardId);
    if (shard === undefined) throw new AwsError('ValidationException', `Shard ${shardId} is not open`);
    return shard;
  }

  #rollWhatIsDue(): void {
    const now = this.#world.clock.now();
    const { rollEveryMs } = this.options;
    for (let shard = this.#oldestOpen(); shard && shard.createdAt + rollEveryMs <= now; shard = this.#oldestOpen()) {
      this.#replace(shard, [shard.keys], shard.createdAt + rollEveryMs);
    }
  }

  #oldestOpen(): DynamodbShard | undefined {
    let oldest: DynamodbShard | undefined;
    for (const shard of this.#open) if (oldest === undefined || shard.createdAt < oldest.createdAt) oldest = shard;
    return oldest;
  }

  #replace(shard: DynamodbShard, ranges: readonly KeyRange[], now: number): string[] {
    shard.close(now);
    const children = ranges.map((keys) => this.#create(keys, now, shard.id));
    this.#open = this.#open.flatMap((open) => (open === shard ? children : [open]));
    return children.map(({ id }) => id);
  }

  #create(keys: KeyRange, createdAt: number, parent?: string): DynamodbShard {
    const index = shardsOf.get(this.#world) ?? 0;
    shardsOf.set(this.#world, index + 1);
    const shard = new DynamodbShard({ index, keys, createdAt, parent });
    this.#shards.set(shard.id, shard);
    this.#indexes.set(shard.id, index);
    return shard;
  }
}
