import { Buffer } from 'node:buffer';
import type { ShardInfo } from '../../../../contracts/pipeline/shards.ts';
import type { StartPoint } from '../../../../contracts/pipeline/options.ts';
import { comparePositions, samePosition, type Position } from '../../../../contracts/event/position.ts';
import type { Page, ShardCursor, Source, SourceDescription, SourceRecord } from '../../../../sources/source.ts';

export const record = (shardId: string, n: number, partitionKey: string, text = `${n}`): SourceRecord => ({
  position: { shardId, sequenceNumber: String(n) },
  arrivedAt: 1_700_000_000_000 + n,
  partitionKey,
  data: Buffer.from(text),
});

export interface ShardScript {
  /** In order. */
  readonly records: readonly SourceRecord[];
  /** Whether the shard has ended after its records. */
  readonly ends: boolean;
}

export interface ScriptOptions {
  /** Records of the next page, 0 for an empty one. */
  readonly pageSize?: (shardId: string) => number;
  /** Called before each page: may wait, and may throw what a source throws. */
  readonly before?: (shardId: string, signal: AbortSignal) => Promise<void>;
  /** ms since 1970. With it pages tell up to when they have read the shard. */
  readonly wall?: () => number;
}

/** Our port to a stream, in memory. Shards may grow while they are read. */
export class ScriptedSource implements Source {
  readonly kind = 'kinesis';
  readonly identity = 'kinesis:scripted';
  readonly pace = { minIntervalMs: 100, idleIntervalMs: 500 };
  readonly shards: Map<string, ShardScript>;
  readonly #options: ScriptOptions;
  /** Every page that was asked for, by shard. */
  readonly reads: string[] = [];
  /** Where cursors began. */
  readonly opened: { readonly shardId: string; readonly start: StartPoint }[] = [];

  constructor(shards: Record<string, ShardScript>, options: ScriptOptions = {}) {
    this.shards = new Map(Object.entries(shards));
    this.#options = options;
  }

  async listShards(): Promise<readonly ShardInfo[]> {
    return [...this.shards].map(([shardId, { ends }]) => ({ shardId, parents: [], closed: ends }));
  }

  async describe(): Promise<SourceDescription> {
    return { stream: { arn: 'arn:scripted' }, retentionMs: 24 * 3_600_000, unordered: false };
  }

  async now(): Promise<number> {
    return Date.now();
  }

  async retentionMs(): Promise<number> {
    return 24 * 3_600_000;
  }

  openShard(shardId: string, start: StartPoint): ShardCursor {
    const { pageSize = () => 100, before, wall } = this.#options;
    this.opened.push({ shardId, start });
    let at = start.at === 'after' ? start.position : undefined;
    return {
      next: async (signal): Promise<Page> => {
        this.reads.push(shardId);
        await before?.(shardId, signal);
        signal.throwIfAborted();
        const script = this.shards.get(shardId)!;
        const left = script.records.filter(({ position }) => at === undefined || comparePositions(position, at) > 0);
        const records = left.slice(0, pageSize(shardId));
        at = records.at(-1)?.position ?? at;
        // Some services end a shard with its last records, others with an empty page later: the page size decides.
        const lagMs = left.length - records.length;
        const consumedUntil = wall === undefined ? {} : { consumedUntil: wall() - lagMs };
        return { records, ended: script.ends && records.length === left.length, lagMs, ...consumedUntil };
      },
    };
  }

  async recordAt(position: Position): Promise<SourceRecord | undefined> {
    const { records = [] } = this.shards.get(position.shardId) ?? {};
    return records.find((each) => samePosition(each.position, position));
  }

  close(): void {}
}
