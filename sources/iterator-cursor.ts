import type { StartPoint } from '../contracts/pipeline.ts';
import { comparePositions, type Position } from '../contracts/position.ts';
import { isRefusal } from './aws/service-calls.ts';
import { SourceConfigurationError, SourceUnavailableError } from './errors.ts';
import type { Page, ShardCursor, SourceRecord } from './source.ts';

/** A shard of a service whose iterators are made, used once, and grow old. */
export interface ShardIterators {
  /** @throws {SourceError} */
  open(from: StartPoint, signal: AbortSignal): Promise<string>;
  /** @throws {SourceError} */
  read(iterator: string, signal: AbortSignal): Promise<IteratorPage>;
}

/** Thrown by an adapter when the source no longer has the place to read from. The cursor goes on at the horizon. */
export class TrimmedError extends SourceUnavailableError {}

export interface IteratorPage {
  readonly records: readonly SourceRecord[];
  /** Absent when the shard has ended and these are its last records. Nothing else tells that. */
  readonly nextIterator?: string | undefined;
  readonly lagMs?: number | undefined;
}

export interface CursorOptions {
  /** Records before the first one that arrived at or after this time are passed over. In ms since 1970. */
  readonly notBefore?: number;
}

/** An iterator that has just expired is made anew, a trimmed place left for the horizon: anything beyond is trouble. */
const RECOVERIES_PER_PAGE = 3;

/**
 * Reads a shard by iterators. It owns the place that reading has reached.
 *
 * 1. `#from` moves only with a page that is returned, so a failed `next` can be called again.
 * 2. An iterator is a shortcut to `#from`, never more: when it is lost or too old it is made anew from there.
 * 3. Only a page without a next iterator ends the shard.
 */
export class IteratorCursor implements ShardCursor {
  readonly #shard: ShardIterators;
  #from: StartPoint;
  #notBefore: number | undefined;
  #iterator: string | undefined;
  #ended = false;
  #gap: Page['gap'];

  constructor(shard: ShardIterators, start: StartPoint, options: CursorOptions = {}) {
    this.#shard = shard;
    this.#from = start;
    this.#notBefore = options.notBefore;
  }

  async next(signal: AbortSignal): Promise<Page> {
    if (this.#ended) return { records: [], ended: true };
    for (let recoveries = 0; ; recoveries += 1) {
      try {
        this.#iterator ??= await this.#shard.open(this.#from, signal);
        return this.#advance(await this.#shard.read(this.#iterator, signal));
      } catch (error) {
        if (recoveries === RECOVERIES_PER_PAGE || !this.#recover(error)) throw error;
      }
    }
  }

  #advance(page: IteratorPage): Page {
    const records = this.#wanted(page.records);
    const last = page.records.at(-1);
    const gap = this.#gap;
    if (last !== undefined) this.#from = { at: 'after', position: last.position };
    this.#iterator = page.nextIterator;
    this.#ended = page.nextIterator === undefined;
    this.#gap = undefined;
    return {
      records,
      ended: this.#ended,
      ...(page.lagMs === undefined ? {} : { lagMs: page.lagMs }),
      ...(gap === undefined ? {} : { gap }),
    };
  }

  /** Whether reading can go on at once. */
  #recover(error: unknown): boolean {
    if (isRefusal(error, 'ExpiredIteratorException')) {
      this.#iterator = undefined;
      return true;
    }
    if (error instanceof TrimmedError) {
      // O10. At the horizon nothing can be missed: that is the oldest record there is, whichever it may be by now.
      if (this.#from.at !== 'horizon') this.#gap = gapAfter(this.#from);
      this.#from = { at: 'horizon' };
      this.#iterator = undefined;
      return true;
    }
    // What a person mends (a stream created again, say) may leave the iterator without meaning.
    if (error instanceof SourceConfigurationError) this.#iterator = undefined;
    return false;
  }

  #wanted(records: readonly SourceRecord[]): readonly SourceRecord[] {
    const unread = this.#beyondStart(records);
    if (this.#notBefore === undefined) return unread;
    const since = this.#notBefore;
    const first = unread.findIndex(({ arrivedAt }) => arrivedAt >= since);
    if (first === -1) return [];
    this.#notBefore = undefined;
    return unread.slice(first);
  }

  /** A position inside an aggregate is read again with its whole aggregate: what lies not beyond it is left out. */
  #beyondStart(records: readonly SourceRecord[]): readonly SourceRecord[] {
    if (this.#from.at !== 'after' || this.#from.position.subSequenceNumber === undefined) return records;
    const start: Position = this.#from.position;
    return records.filter(({ position }) => comparePositions(position, start) > 0);
  }
}

function gapAfter(from: StartPoint): NonNullable<Page['gap']> {
  return from.at === 'after' ? { after: from.position } : {};
}
