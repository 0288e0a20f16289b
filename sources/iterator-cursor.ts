import type { StartPoint } from '../contracts/pipeline/options.ts';
import { isRefusal } from './aws/service-calls.ts';
import { Continuity, SHORTEST_RETENTION_MS } from './continuity.ts';
import { SourceConfigurationError, SourceUnavailableError } from './errors.ts';
import type { Page, ShardCursor, SourceGap, SourceRecord } from './source.ts';

/** A shard of a service whose iterators are made, used once, and grow old. */
export interface ShardIterators {
  /** True when an iterator after a position gives the record at that position first, if the source still has it. */
  readonly startIncluded: boolean;
  /** @throws {SourceError} */
  open(from: StartPoint, signal: AbortSignal): Promise<string>;
  /** @throws {SourceError} */
  read(iterator: string, signal: AbortSignal): Promise<IteratorPage>;
  /** How long the source keeps a record. */
  retentionMs(signal: AbortSignal): Promise<number>;
}

/** Thrown by an adapter when the source no longer has the place to read from. The cursor goes on at the horizon. */
export class TrimmedError extends SourceUnavailableError {}

/** Thrown by an adapter when the source no longer has the shard. For the cursor that is its end. */
export class ExpiredShardError extends SourceUnavailableError {}

export interface IteratorPage {
  readonly records: readonly SourceRecord[];
  /** Absent when the shard has ended and these are its last records. Nothing else tells that. */
  readonly nextIterator?: string | undefined;
  /** There is no next iterator, and yet this may not be the end: the shard is to be asked again. */
  readonly cutShort?: boolean;
  readonly lagMs?: number | undefined;
  readonly restMs?: number | undefined;
  /** Those of the records that another shard should have had. */
  readonly misrouted?: ReadonlySet<SourceRecord>;
}

export interface CursorOptions {
  /** Records before the first one that arrived at or after this time are passed over. In ms since 1970. */
  readonly notBefore?: number;
  /** @default Date.now */
  readonly now?: () => number;
}

/** An iterator that has just expired is made anew, a trimmed place left for the horizon: anything beyond is trouble. */
const RECOVERIES_PER_PAGE = 3;
/** Longer than an iterator of Kinesis lives: what is trimmed under it was so near to the horizon when it was made. */
const NEAR_HORIZON_MS = 10 * 60_000;

/**
 * Reads a shard by iterators. It owns the place that reading has reached.
 *
 * 1. The place moves only with a page that is returned, so a failed `next` can be called again.
 * 2. An iterator is a shortcut to the place, never more: when it is lost or too old it is made anew from there.
 * 3. Only a page without a next iterator ends the shard, or the source that no longer has it.
 * 4. No record is returned twice, wherever iterators begin (O6).
 */
export class IteratorCursor implements ShardCursor {
  readonly #shard: ShardIterators;
  readonly #continuity: Continuity;
  readonly #now: () => number;
  #from: StartPoint;
  #notBefore: number | undefined;
  #iterator: string | undefined;
  #ended = false;

  constructor(shard: ShardIterators, start: StartPoint, { notBefore, now = Date.now }: CursorOptions = {}) {
    this.#shard = shard;
    this.#from = start;
    this.#notBefore = notBefore;
    this.#now = now;
    this.#continuity = new Continuity(start, notBefore, now);
  }

  async next(signal: AbortSignal): Promise<Page> {
    if (this.#ended) return { records: [], ended: true };
    for (let recoveries = 0; ; recoveries += 1) {
      try {
        return await this.#read(signal);
      } catch (error) {
        if (error instanceof ExpiredShardError) return await this.#vanish(signal);
        if (recoveries === RECOVERIES_PER_PAGE || !this.#recover(error)) throw error;
      }
    }
  }

  async #read(signal: AbortSignal): Promise<Page> {
    const iterator = (this.#iterator ??= await this.#open(signal));
    const askedAt = this.#now();
    const page = await this.#shard.read(iterator, signal);
    const isNearHorizon = await this.#isNearHorizon(page, signal);
    if (isNearHorizon && this.#from.at === 'after' && this.#continuity.unproven && page.records.length === 0) {
      // AWS is reported to treat a place that it has trimmed like this: empty pages at the horizon, for ever.
      this.#goToHorizon();
      return await this.#read(signal);
    }
    const ended = page.nextIterator === undefined && page.cutShort !== true;
    const { records, lagMs } = page;
    const gap = await this.#continuity.gapBefore({ records, ended }, () => this.#retentionMs(signal));
    const unread = this.#continuity.unread(records);
    this.#continuity.advance({ records, ended, lagMs }, askedAt);
    const { last } = this.#continuity;
    if (unread.length > 0 && last !== undefined) this.#from = { at: 'after', position: last };
    // What is trimmed under an iterator is passed over in silence; a new one begins with the last record if it is there.
    this.#iterator = isNearHorizon && this.#shard.startIncluded && unread.length > 0 ? undefined : page.nextIterator;
    this.#ended = ended;
    return this.#page(page, this.#wanted(unread), gap);
  }

  async #open(signal: AbortSignal): Promise<string> {
    const iterator = await this.#shard.open(this.#from, signal);
    this.#continuity.opened(this.#from.at === 'horizon' || this.#shard.startIncluded);
    return iterator;
  }

  #page(page: IteratorPage, records: readonly SourceRecord[], gap: SourceGap | undefined): Page {
    const { lagMs, restMs } = page;
    const { consumedUntil } = this.#continuity;
    const passedOver = page.records.length - records.length;
    const misrouted = page.misrouted === undefined ? 0 : records.filter((record) => page.misrouted?.has(record)).length;
    return {
      records,
      ended: this.#ended,
      ...(lagMs === undefined ? {} : { lagMs }),
      ...(consumedUntil === undefined ? {} : { consumedUntil }),
      ...(restMs === undefined ? {} : { restMs }),
      ...(gap === undefined ? {} : { gap }),
      ...(passedOver === 0 ? {} : { passedOver }),
      ...(misrouted === 0 ? {} : { misrouted }),
    };
  }

  async #vanish(signal: AbortSignal): Promise<Page> {
    const gap = await this.#continuity.gapToEnd(() => this.#retentionMs(signal));
    this.#ended = true;
    return { records: [], ended: true, ...(gap === undefined ? {} : { gap }) };
  }

  /** Whether reading can go on at once. */
  #recover(error: unknown): boolean {
    if (isRefusal(error, 'ExpiredIteratorException')) {
      this.#iterator = undefined;
      return true;
    }
    if (error instanceof TrimmedError) {
      this.#goToHorizon();
      return true;
    }
    // What a person mends (a stream created again, say) may leave the iterator without meaning.
    if (error instanceof SourceConfigurationError) this.#iterator = undefined;
    return false;
  }

  /** Nothing can be missed there: that is the oldest record there is, whichever it may be by now (O10). */
  #goToHorizon(): void {
    this.#from = { at: 'horizon' };
    this.#iterator = undefined;
  }

  async #isNearHorizon({ lagMs = 0 }: IteratorPage, signal: AbortSignal): Promise<boolean> {
    if (lagMs < SHORTEST_RETENTION_MS - NEAR_HORIZON_MS) return false;
    return lagMs >= (await this.#retentionMs(signal)) - NEAR_HORIZON_MS;
  }

  /** Who may read records, and not ask for the retention, reads on: the shortest one hides no gap. */
  async #retentionMs(signal: AbortSignal): Promise<number> {
    try {
      return await this.#shard.retentionMs(signal);
    } catch (error) {
      if (error instanceof SourceConfigurationError) return SHORTEST_RETENTION_MS;
      throw error;
    }
  }

  #wanted(unread: readonly SourceRecord[]): readonly SourceRecord[] {
    if (this.#notBefore === undefined) return unread;
    const since = this.#notBefore;
    const first = unread.findIndex(({ arrivedAt }) => arrivedAt >= since);
    if (first === -1) return [];
    this.#notBefore = undefined;
    return unread.slice(first);
  }
}
