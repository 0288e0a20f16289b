import type { ShardInfo } from '../../../contracts/pipeline/shards.ts';
import type { StartPoint } from '../../../contracts/pipeline/options.ts';
import { SourceUnavailableError } from '../../../sources/errors.ts';
import type { Page, ShardCursor, Source, SourceDescription, SourceGap } from '../../../sources/source.ts';
import type { SimulatedClock } from './clock.ts';
import { pick, type Random } from './random.ts';
import type { Shard, ShardGraph, Written } from './shard-graph.ts';

export const LISTING_FAULTS = ['omitted', 'repeated', 'reordered', 'stale'] as const;
export type ListingFault = (typeof LISTING_FAULTS)[number];

/** How often things go wrong, 0 to 1. */
export interface Weather {
  readonly listings: number;
  readonly reads: number;
  readonly requests: number;
}

/** Listings after one that left a shard out in which it is surely there. A source that leaves out more cannot be read. */
const THERE_AGAIN_FOR = 3;
/** How many of the pages have nothing, although there is something to come. */
const EMPTY_PAGES = 0.2;
/** How old a stale listing may be. */
const STALE_MS = 10_000;

/** Our port to the stream, over the graph of its shards. */
export class SimulatedSource implements Source {
  readonly kind = 'kinesis';
  readonly identity = 'kinesis:simulated';
  readonly pace = { minIntervalMs: 200, idleIntervalMs: 2000 };
  /** What went wrong, so that a test can see that it did. */
  readonly faults: ListingFault[] = [];
  weather: Weather;
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  readonly #graph: ShardGraph;
  #listings = 0;
  /** Number of the latest listing that left a shard out. */
  readonly #leftOutIn = new Map<string, number>();
  #past: { readonly at: number; readonly shards: readonly ShardInfo[] }[] = [];

  constructor(clock: SimulatedClock, random: Random, graph: ShardGraph, weather: Weather) {
    this.#clock = clock;
    this.#random = random;
    this.#graph = graph;
    this.weather = weather;
  }

  async listShards(): Promise<readonly ShardInfo[]> {
    await this.#clock.sleep(this.#random() * 200);
    this.#maybeFail(this.weather.reads);
    this.#listings += 1;
    const truth = this.#graph.listing();
    this.#past = [...this.#past, { at: this.#clock.now(), shards: truth }].filter(
      ({ at }) => at >= this.#clock.now() - STALE_MS,
    );
    if (this.#random() >= this.weather.listings) return truth;
    const kind = LISTING_FAULTS[pick(this.#random, LISTING_FAULTS.length)]!;
    const wrong = this.#wrong(kind, truth);
    const there = new Set(wrong.map(({ shardId }) => shardId));
    const leftOut = truth.filter(({ shardId }) => !there.has(shardId)).map(({ shardId }) => shardId);
    const isTooMuch = leftOut.some((id) => this.#listings - (this.#leftOutIn.get(id) ?? -Infinity) <= THERE_AGAIN_FOR);
    if (isTooMuch) return truth;
    for (const shardId of leftOut) this.#leftOutIn.set(shardId, this.#listings);
    this.faults.push(kind);
    return wrong;
  }

  async describe(): Promise<SourceDescription> {
    return { stream: {} };
  }

  async now(): Promise<undefined> {
    return undefined;
  }

  async retentionMs(): Promise<number> {
    return this.#graph.retentionMs;
  }

  openShard(shardId: string, start: StartPoint): ShardCursor {
    const shard = this.#graph.shards.get(shardId);
    if (shard === undefined) throw new Error(`There is no shard ${shardId}`);
    const cursor = { from: start, trailing: pick(this.#random, 2) };
    return {
      next: async (signal) => {
        await this.#clock.sleep(this.#random() * 50, signal);
        signal.throwIfAborted();
        this.#maybeFail(this.weather.reads);
        return this.#page(shard, cursor);
      },
    };
  }

  /** All data of a simulation goes through Temporal. */
  async recordAt(): Promise<undefined> {}

  close(): void {}

  #page(shard: Shard, cursor: { from: StartPoint; trailing: number }): Page {
    const gap = this.#gapBefore(shard, cursor.from);
    // A gap is told with the first record behind it, as the sources do: until then that may be gone too.
    if (gap?.until !== undefined && this.#random() < EMPTY_PAGES) return { records: [], ended: false, lagMs: 0 };
    if (gap !== undefined) cursor.from = { at: 'horizon' };
    const told = gap === undefined ? {} : { gap };
    if (!this.#graph.isListed(shard)) return { records: [], ended: true, ...told };
    const left = shard.records.filter((record) => !this.#graph.isGone(record) && isBeyond(record, cursor.from));
    const isEmpty = gap === undefined && this.#random() < EMPTY_PAGES;
    const records = isEmpty ? [] : left.slice(0, 1 + pick(this.#random, 8));
    const last = records.at(-1);
    if (last !== undefined) cursor.from = { at: 'after', position: last.position };
    if (shard.closedAt === undefined || records.length < left.length)
      return { records, ended: false, lagMs: 0, ...told };
    cursor.trailing -= 1;
    return { records, ended: cursor.trailing < 0, ...told };
  }

  /** A place that is gone is told, and reading goes on with the oldest record there is. */
  #gapBefore(shard: Shard, from: StartPoint): SourceGap | undefined {
    if (from.at !== 'after') return undefined;
    const place = shard.records.find(({ sequence }) => sequence === BigInt(from.position.sequenceNumber));
    if (place !== undefined && !this.#graph.isGone(place)) return undefined;
    const first = shard.records.find((record) => !this.#graph.isGone(record));
    return { after: from.position, ...(first === undefined ? {} : { until: first.position }) };
  }

  #wrong(kind: ListingFault, truth: readonly ShardInfo[]): readonly ShardInfo[] {
    switch (kind) {
      case 'omitted':
        return truth.filter(() => this.#random() < 0.7);
      case 'repeated':
        return truth.flatMap((shard) => (this.#random() < 0.3 ? [shard, shard] : [shard]));
      case 'reordered':
        return truth.toSorted(() => this.#random() - 0.5);
      case 'stale':
        return this.#past[0]?.shards ?? truth;
    }
  }

  #maybeFail(rate: number): void {
    if (this.#random() < rate) throw new SourceUnavailableError(this.identity, 'throttled');
  }
}

function isBeyond(record: Written, from: StartPoint): boolean {
  if (from.at === 'horizon') return true;
  if (from.at === 'time') return record.arrivedAt >= from.since;
  return record.sequence > BigInt(from.position.sequenceNumber);
}
