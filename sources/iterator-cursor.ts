import type { StartPoint } from '../contracts/pipeline/options.ts';
import { isServiceError } from './aws/service-calls.ts';
import { Continuity, MIN_RETENTION_MS } from './continuity.ts';
import { SourceConfigurationError, SourceUnavailableError } from './errors.ts';
import type { Page, ShardCursor, SourceGap, SourceRecord } from './source.ts';

/** A shard of a service with iterators that are used once and expire. */
export interface ShardIterators {
  /** True when an iterator after a position returns the record at that position first, if the source still has it. */
  readonly startIncluded: boolean;
  /** @throws {SourceError} */
  open(from: StartPoint, signal: AbortSignal): Promise<string>;
  /** @throws {SourceError} */
  read(iterator: string, signal: AbortSignal): Promise<IteratorPage>;
  /** How long the source keeps a record. */
  retentionMs(signal: AbortSignal): Promise<number>;
}

/**
 * Thrown by an adapter when the source no longer has the position to read from. The cursor continues at the horizon.
 */
export class TrimmedError extends SourceUnavailableError {}

/** Thrown by an adapter when the source no longer has the shard. For the cursor that is the shard's end. */
export class ExpiredShardError extends SourceUnavailableError {}

export interface IteratorPage {
  readonly records: readonly SourceRecord[];
  /** Absent when the shard has ended and these are its last records. Nothing else shows that. */
  readonly nextIterator?: string | undefined;
  /** True when there is no next iterator, but this may not be the end: the shard must be read again. */
  readonly cutShort?: boolean;
  readonly lagMs?: number | undefined;
  readonly restMs?: number | undefined;
  /** The records that belong to another shard. */
  readonly misrouted?: ReadonlySet<SourceRecord>;
}

export interface CursorOptions {
  /** Records before the first one that arrived at or after this time are skipped. In ms since 1970. */
  readonly notBefore?: number;
  /** @default Date.now */
  readonly now?: () => number;
}

/**
 * An expired iterator is replaced, a trimmed position is replaced by the horizon: more recoveries in a row are an
 * error.
 */
const RECOVERIES_PER_PAGE = 3;
/**
 * Longer than the lifetime of a Kinesis iterator: records that are trimmed during it were this near to the horizon when
 * it was created.
 */
const NEAR_HORIZON_MS = 10 * 60_000;

/**
 * Reads a shard by iterators. Owns the position that reading has reached.
 *
 * - iterator-cursor.I1: the position moves only with a page that is returned, so a failed `next` can be called again.
 * - iterator-cursor.I2: an iterator is only a shortcut to the position: when it is lost or too old it is created again
 *   from there.
 * - iterator-cursor.I3: the shard ends only with a page without a next iterator, or when the source no longer has it.
 * - iterator-cursor.I4: no record is returned twice, wherever iterators start (O6).
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
        if (error instanceof ExpiredShardError) return await this.#endExpired(signal);
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
      // AWS has been reported to answer like this for a trimmed position: empty pages at the horizon, for ever.
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
    // An iterator skips trimmed records silently; a new one starts with the last record if it still exists.
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
    const skipped = page.records.length - records.length;
    const misrouted = page.misrouted === undefined ? 0 : records.filter((record) => page.misrouted?.has(record)).length;
    return {
      records,
      ended: this.#ended,
      ...(lagMs === undefined ? {} : { lagMs }),
      ...(consumedUntil === undefined ? {} : { consumedUntil }),
      ...(restMs === undefined ? {} : { restMs }),
      ...(gap === undefined ? {} : { gap }),
      ...(skipped === 0 ? {} : { skipped }),
      ...(misrouted === 0 ? {} : { misrouted }),
    };
  }

  async #endExpired(signal: AbortSignal): Promise<Page> {
    const gap = await this.#continuity.gapToEnd(() => this.#retentionMs(signal));
    this.#ended = true;
    return { records: [], ended: true, ...(gap === undefined ? {} : { gap }) };
  }

  /** Whether reading can continue at once. */
  #recover(error: unknown): boolean {
    if (isServiceError(error, 'ExpiredIteratorException')) {
      this.#iterator = undefined;
      return true;
    }
    if (error instanceof TrimmedError) {
      this.#goToHorizon();
      return true;
    }
    // After the configuration is fixed (for example a stream is created again) the iterator may be meaningless.
    if (error instanceof SourceConfigurationError) this.#iterator = undefined;
    return false;
  }

  /** Nothing can be missed there: the horizon is the oldest record that exists at that time (O10). */
  #goToHorizon(): void {
    this.#from = { at: 'horizon' };
    this.#iterator = undefined;
  }

  async #isNearHorizon({ lagMs = 0 }: IteratorPage, signal: AbortSignal): Promise<boolean> {
    if (lagMs < MIN_RETENTION_MS - NEAR_HORIZON_MS) return false;
    return lagMs >= (await this.#retentionMs(signal)) - NEAR_HORIZON_MS;
  }

  /** Without permission to read the retention, reading continues: the shortest retention hides no gap. */
  async #retentionMs(signal: AbortSignal): Promise<number> {
    try {
      return await this.#shard.retentionMs(signal);
    } catch (error) {
      if (error instanceof SourceConfigurationError) return MIN_RETENTION_MS;
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
