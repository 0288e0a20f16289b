/** Which shards a new reader gets, and which reader is called home to share. Pure. */
export interface Assignment {
  /** The shards of each reader to start. */
  readonly start: readonly (readonly string[])[];
  /** A reader to call home, so that its shards and the waiting ones are given out again. */
  readonly recall: number | undefined;
}

const NOTHING: Assignment = { start: [], recall: undefined };

/** How many shards a reader gets at the most, so that none has most of them while others have few. */
export function fairShare(readable: number, maxReaders: number): number {
  return Math.ceil(readable / maxReaders);
}

/**
 * Every readable shard that no reader has gets one. While there are few shards each has a reader of its own; at the
 * bound they share, and the reader with the fewest shards is called home to take the new ones along.
 *
 * @param readers the shards of each reader that is out, by the reader's number
 * @param most for one reader
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
  const hands = dealOut(waiting, Math.min(free, waiting.length));
  // What is left waits for the next reader that is called home.
  return { start: hands.map((shards) => shards.slice(0, max)), recall: undefined };
}

function withFewestShards(readers: ReadonlyMap<number, readonly string[]>): number | undefined {
  return [...readers].toSorted(([, a], [, b]) => a.length - b.length)[0]?.[0];
}

function dealOut(shards: readonly string[], hands: number): string[][] {
  return Array.from({ length: hands }, (_, hand) => shards.filter((_shard, index) => index % hands === hand));
}
