/**
 * Tells whether reading continues where it stopped, or records in between are gone from the source (O10).
 *
 * Owns the last position that was read, and the time until which the shard is known to have been read.
 *
 * - continuity.N1: the last record that was read is the proof: a source drops its oldest records first, so as long as
 *   it still has that one, no later record is missing. With a new iterator, reading starts with that record, or at the
 *   horizon, and the first record shows whether there is a gap.
 * - continuity.N2: when that record is gone, it may have been the newest for days, and nothing is missing. So there is
 *   no gap when the shard is known to have been read until a time from which on the source still has everything: a
 *   shard that is idle for longer than the retention causes no alarm.
 * - continuity.N3: a gap is reported once, with the first record after it, or with the end of the shard.
 *
 * What cannot be detected: whether there was any record between a position that is gone and the horizon, when it is
 * unknown until when the shard had been read (then it is reported as a gap); and records that were dropped before
 * anything of the shard was read, also for a start at a time.
 */
import type { StartPoint } from '../contracts/pipeline/options.ts';
import { comparePositions, compareSequenceNumbers, type Position } from '../contracts/event/position.ts';
import type { SourceGap, SourceRecord } from './source.ts';

/** The shortest retention of any source. */
export const MIN_RETENTION_MS = 24 * 3_600_000;

export interface ReadPage {
  readonly records: readonly SourceRecord[];
  readonly ended: boolean;
  readonly lagMs?: number | undefined;
}

export class Continuity {
  readonly #now: () => number;
  #last: Position | undefined;
  #consumedUntil: number | undefined;
  /** True when the iterator is new and has returned no record yet. */
  #unproven = false;
  /** True when the latest page has shown until when the shard has been read. */
  #isKnown = false;
  /** True when something of the shard has been read, by any reader. */
  #hasBeenRead: boolean;

  /** @param notBefore earlier records are skipped; ms since 1970 */
  constructor(start: StartPoint, notBefore: number | undefined, now: () => number) {
    this.#now = now;
    if (start.at === 'after') this.#last = start.position;
    this.#hasBeenRead = start.at === 'after';
    this.#consumedUntil = consumedUntilOf(start) ?? notBefore;
  }

  get last(): Position | undefined {
    return this.#last;
  }

  /** Until when the shard is known to have been read after the latest page; ms since 1970. */
  get consumedUntil(): number | undefined {
    return this.#isKnown ? this.#consumedUntil : undefined;
  }

  /** True until a new iterator returns its first record. */
  get unproven(): boolean {
    return this.#unproven;
  }

  /** @param proving true when the iterator starts with the last record that was read, or at the horizon */
  opened(proving: boolean): void {
    this.#unproven = proving && this.#last !== undefined;
  }

  /** The gap before the page, if any. Changes no state: the same page may come again. */
  async gapBefore(page: ReadPage, retentionMs: () => Promise<number>): Promise<SourceGap | undefined> {
    const [first] = page.records;
    if (!this.#unproven || this.#last === undefined || (first === undefined && !page.ended)) return undefined;
    if (first !== undefined && isUpTo(first.position, this.#last)) return undefined;
    return await this.#missing(first?.position, retentionMs);
  }

  /**
   * The gap at the end of a shard of which the source has nothing any more. A shard that was read, but not to its end,
   * was open when it was last read: records written since then are missing, also when that is less than the retention
   * ago.
   */
  async gapToEnd(retentionMs: () => Promise<number>): Promise<SourceGap | undefined> {
    return this.#hasBeenRead ? this.#gap(undefined) : await this.#missing(undefined, retentionMs);
  }

  /**
   * The records that have not been read before. A position inside an aggregate is read again with its whole aggregate.
   */
  unread(records: readonly SourceRecord[]): readonly SourceRecord[] {
    const last = this.#last;
    return last === undefined ? records : records.filter(({ position }) => !isUpTo(position, last));
  }

  /** @param askedAt when the page was requested, ms since 1970 */
  advance(page: ReadPage, askedAt: number): void {
    this.#hasBeenRead = true;
    const newest = page.records.at(-1)?.position;
    if (newest !== undefined) {
      this.#unproven = false;
      if (this.#last === undefined || !isUpTo(newest, this.#last)) this.#last = newest;
    }
    // While a gap is possible, no time is certain, unless the source still has all records.
    this.#isKnown =
      page.lagMs !== undefined && (!this.#unproven || (this.#consumedUntil ?? 0) >= askedAt - MIN_RETENTION_MS);
    if (page.lagMs !== undefined && this.#isKnown)
      this.#consumedUntil = Math.max(this.#consumedUntil ?? 0, askedAt - page.lagMs);
  }

  async #missing(until: Position | undefined, retentionMs: () => Promise<number>): Promise<SourceGap | undefined> {
    if (this.#consumedUntil !== undefined && this.#consumedUntil >= this.#now() - (await retentionMs()))
      return undefined;
    return this.#gap(until);
  }

  #gap(until: Position | undefined): SourceGap {
    return { ...(this.#last && { after: this.#last }), ...(until && { until }) };
  }
}

function consumedUntilOf(start: StartPoint): number | undefined {
  if (start.at === 'after') return start.consumedUntil;
  return start.at === 'time' ? start.since : undefined;
}

/** A last position without a sub-sequence number covers the whole record, including all records of an aggregate. */
function isUpTo(position: Position, last: Position): boolean {
  if (last.subSequenceNumber === undefined) {
    return compareSequenceNumbers(position.sequenceNumber, last.sequenceNumber) <= 0;
  }
  return comparePositions(position, last) <= 0;
}
