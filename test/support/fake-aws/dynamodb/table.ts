import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { AwsError } from '../aws-error.ts';
import type { ListedShard } from '../faults.ts';
import type { World } from '../world.ts';
import { type Item, type WireItem, wireItem } from './items.ts';
import type { ChangeEntry } from './shard.ts';
import { FakeTableStream, type KeySchemaElement, type ViewType } from './table-stream.ts';

export interface TableOptions {
  /** Name of the partition key's attribute. @default 'id' */
  readonly hash?: string;
  /** Name of the sort key's attribute. @default none */
  readonly range?: string;
  /** @default 'NEW_AND_OLD_IMAGES' */
  readonly viewType?: ViewType;
  /** Open shards of a stream to begin with. @default 1 */
  readonly shards?: number;
  /** @default four hours, as people see it with AWS; Infinity to roll by hand only */
  readonly rollEveryMs?: number;
  /** @default true */
  readonly stream?: boolean;
}

export interface ChangePlacement {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

const FOUR_HOURS_MS = 4 * 3_600_000;

/**
 * A table as its writers and its owner see it, in process: there is no HTTP for these. It owns the items, and the
 * streams that it has had; `stream` is the newest.
 */
export class FakeTable {
  readonly name: string;
  readonly keySchema: readonly KeySchemaElement[];
  readonly #world: World;
  readonly #options: TableOptions;
  readonly #items = new Map<string, WireItem>();
  #streams: FakeTableStream[] = [];

  constructor(name: string, world: World, options: TableOptions = {}) {
    const { hash = 'id', range, stream = true } = options;
    this.name = name;
    this.#world = world;
    this.#options = options;
    this.keySchema = [
      { AttributeName: hash, KeyType: 'HASH' },
      ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' } as const]),
    ];
    if (stream) this.enableStream();
  }

  /** The newest stream. */
  get stream(): FakeTableStream {
    const stream = this.#streams.at(-1);
    if (stream === undefined) throw new Error(`Table ${this.name} has never had a stream`);
    return stream;
  }

  /** Every stream that has not expired, the oldest first. */
  get streams(): readonly FakeTableStream[] {
    this.#streams = this.#streams.filter((stream, index) => index === this.#streams.length - 1 || !stream.isExpired);
    return this.#streams.filter((stream) => !stream.isExpired);
  }

  /** Writes the whole item. Undefined when that changes nothing, or there is no stream: then no record is written. */
  put(key: Item, attributes: Item = {}): ChangePlacement | undefined {
    const image = wireItem({ ...key, ...attributes });
    const id = this.#idOf(key);
    const before = this.#items.get(id);
    if (before !== undefined && isDeepStrictEqual(before, image)) return undefined;
    this.#items.set(id, image);
    return this.#append({ name: before ? 'MODIFY' : 'INSERT', newImage: image, oldImage: before, expired: false });
  }

  delete(key: Item): ChangePlacement | undefined {
    return this.#remove(key, false);
  }

  /** Removes the item as time to live does. */
  expire(key: Item): ChangePlacement | undefined {
    return this.#remove(key, true);
  }

  /** Closes a shard of the newest stream, or every open one, and goes on in one child each. */
  roll(shardId?: string): string[] {
    return this.stream.roll(shardId);
  }

  split(shardId: string): string[] {
    return this.stream.split(shardId);
  }

  get openShards(): readonly string[] {
    return this.stream.openShards;
  }

  listing(): ListedShard[] {
    return this.stream.listing();
  }

  disableStream(): void {
    this.stream.disable();
  }

  /** Begins a new stream with an ARN of its own. The clock must have moved since the last one began. */
  enableStream(viewType: ViewType = this.#options.viewType ?? 'NEW_AND_OLD_IMAGES'): FakeTableStream {
    const last = this.#streams.at(-1);
    if (last?.status === 'ENABLED') throw new AwsError('ValidationException', 'Table already has an enabled stream');
    const { shards = 1, rollEveryMs = FOUR_HOURS_MS } = this.#options;
    const { name: table, keySchema } = this;
    const stream = new FakeTableStream(this.#world, { table, keySchema, viewType, shards, rollEveryMs });
    if (last?.label === stream.label) throw new Error('Two streams in the same ms have one ARN: move the clock');
    this.#streams.push(stream);
    return stream;
  }

  #remove(key: Item, expired: boolean): ChangePlacement | undefined {
    const id = this.#idOf(key);
    const before = this.#items.get(id);
    if (before === undefined) return undefined;
    this.#items.delete(id);
    return this.#append({ name: 'REMOVE', newImage: undefined, oldImage: before, expired });
  }

  #append(change: Omit<ChangeEntry, 'keys' | 'sequence' | 'storedAt' | 'arrivedAt' | 'size'>) {
    const stream = this.#streams.at(-1);
    if (stream === undefined || stream.status === 'DISABLED') return undefined;
    const image = change.newImage ?? change.oldImage ?? {};
    const keys = Object.fromEntries(this.keySchema.map(({ AttributeName: name }) => [name, image[name]]));
    const view = stream.options.viewType;
    const hasNew = view === 'NEW_IMAGE' || view === 'NEW_AND_OLD_IMAGES';
    const hasOld = view === 'OLD_IMAGE' || view === 'NEW_AND_OLD_IMAGES';
    const newImage = hasNew ? change.newImage : undefined;
    const oldImage = hasOld ? change.oldImage : undefined;
    return stream.append({ ...change, keys, newImage, oldImage }, this.#hashOf(keys));
  }

  #idOf(key: Item): string {
    const wire = wireItem(key);
    return JSON.stringify(this.keySchema.map(({ AttributeName }) => wire[AttributeName]));
  }

  /** By the partition key alone: items of one partition share a shard. */
  #hashOf(keys: WireItem): number {
    const partition = JSON.stringify(keys[this.keySchema[0]!.AttributeName]);
    return createHash('md5').update(partition).digest().readUInt32BE();
  }
}
