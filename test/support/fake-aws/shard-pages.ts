import type { IteratorState } from './iterators.ts';
import type { LogEntry, ShardLog } from './shard-log.ts';
import type { World } from './world.ts';

interface ReadableShard<T extends LogEntry> {
  readonly id: string;
  readonly log: ShardLog<T>;
  readonly closedAt: number | undefined;
}

interface PageSize {
  readonly records: number;
  readonly bytes: number;
}

interface ShardPage<T> {
  readonly entries: readonly T[];
  /** Undefined at the end of a closed shard. */
  readonly next: IteratorState | undefined;
  readonly bytes: number;
}

/** One page of a shard by the manners of the fake, the same for both services. */
export function readPage<T extends LogEntry>(
  shard: ReadableShard<T>,
  iterator: IteratorState,
  size: PageSize,
  world: World,
  forceEmpty: boolean,
): ShardPage<T> {
  const { manners, clock } = world;
  const again = { ...iterator, issuedAt: clock.now() };
  if (forceEmpty || iterator.stuck || manners.emptyPage({ shardId: shard.id, place: iterator.place })) {
    return { entries: [], next: again, bytes: 0 };
  }
  const entries = shard.log.page(iterator.place, size.records, size.bytes);
  const place = Math.max(iterator.place, shard.log.horizon) + entries.length;
  const bytes = entries.reduce((sum, entry) => sum + entry.size, 0);
  const next = { ...again, place };
  if (shard.closedAt === undefined || place < shard.log.end) return { entries, next, bytes };
  if (entries.length > 0) return { entries, next: manners.nullIteratorWithLastRecords ? undefined : next, bytes };
  if (iterator.trailing >= manners.trailingEmptyPages) return { entries, next: undefined, bytes };
  return { entries, next: { ...next, trailing: iterator.trailing + 1 }, bytes };
}
