import { setTimeout as delay } from 'node:timers/promises';
import { comparePositions, samePosition, type Position } from '../contracts/event/position.ts';
import { ExpiredShardError, TrimmedError, type IteratorPage } from './iterator-cursor.ts';
import { MIN_INTERVAL_MS } from './options.ts';
import type { SourceRecord } from './source.ts';

/** Pages may be empty before the record comes; after this many it does not. */
const MAX_PAGES = 25;

interface Pages {
  read(iterator: string, signal: AbortSignal): Promise<IteratorPage>;
}

/**
 * The record at a position; undefined when the source no longer has it.
 * @param open returns an iterator that starts with that record, if it exists
 * @throws {SourceError}
 */
export async function recordAt(
  shard: Pages,
  open: () => Promise<string>,
  position: Position,
  signal: AbortSignal,
): Promise<SourceRecord | undefined> {
  try {
    let iterator: string | undefined = await open();
    for (let pages = 0; pages < MAX_PAGES && iterator !== undefined; pages += 1) {
      // The shard's reader needs a part of the allowed rate too.
      if (pages > 0) await delay(MIN_INTERVAL_MS, undefined, { signal });
      const { records, nextIterator, lagMs } = await shard.read(iterator, signal);
      const found = records.find((record) => samePosition(record.position, position));
      if (found !== undefined) return found;
      if (lagMs === 0 || records.some((record) => comparePositions(record.position, position) > 0)) return undefined;
      iterator = nextIterator;
    }
    return undefined;
  } catch (error) {
    if (error instanceof TrimmedError || error instanceof ExpiredShardError) return undefined;
    throw error;
  }
}
