/**
 * Decides which shards a new reader gets, and which reader is stopped so that its shards are shared out again. Pure.
 */
export interface Assignment {
  /** The shards of each reader to start. */
  readonly start: readonly (readonly string[])[];
  /** The reader to stop, so that its shards and the waiting ones are assigned again. */
  readonly recall: number | undefined;
}

const NOTHING: Assignment = { start: [], recall: undefined };

/** The maximum number of shards of a reader, so that none has most of them while others have few. */
export function fairShare(readable: number, maxReaders: number): number {
  return Math.ceil(readable / maxReaders);
}

/**
 * Assigns a reader to every readable shard that has none. While there are few shards each has a reader of its own; at
 * the maximum number of readers they share, and the reader with the fewest shards is stopped so that its next reading
 * period includes the new ones.
 *
 * @param readers the shards of each running reader, by the reader's number
 * @param max shards for one reader
 */
export function assign(
  readable: readonly string[],
  readers: ReadonlyMap<number, readonly string[]>,
  maxReaders: number,
  max: number,
): Assignment {
  const taken = new Set([...readers.values()].flat());
  const waiting = readable.filter((shardId) => !taken.has(shardId));
  if (waiting.length === 0) return NOTHING;
  const free = maxReaders - readers.size;
  if (free <= 0) return { start: [], recall: withFewestShards(readers) };
  const groups = distribute(waiting, Math.min(free, waiting.length));
  // Remaining shards wait for the next reader that stops.
  return { start: groups.map((shards) => shards.slice(0, max)), recall: undefined };
}

function withFewestShards(readers: ReadonlyMap<number, readonly string[]>): number | undefined {
  return [...readers].toSorted(([, a], [, b]) => a.length - b.length)[0]?.[0];
}

function distribute(shards: readonly string[], groups: number): string[][] {
  return Array.from({ length: groups }, (_, hand) => shards.filter((_shard, index) => index % groups === hand));
}
