/**
 * Whether reading goes on where it stopped, or records in between are gone from the source (O10).
 *
 * It owns the last position that was read, and the time up to which the shard is known to have been read.
 *
 * 1. The last record that was read is the proof: a source drops its oldest records first, so as long as it still has
 *    that one, nothing behind it is missing. Where an iterator is made anew, reading begins with that record, or at the
 *    horizon, and the first record that comes tells.
 * 2. When that record is gone, it may have been the newest for days and nothing is missing. So it is no gap when the
 *    shard is known to have been read up to a time from which on the source still has everything: a shard that is idle
 *    for longer than the retention raises no alarm.
 * 3. A gap is told with the first record behind it, or with the end of the shard, and once.
 *
 * What cannot be seen: whether there was a record at all between a place that is gone and the horizon, when nobody knows
 * up to when the shard had been read (then it is told as a gap); and what was dropped before anything of the shard was
 * read, for a start at a time too.
 */
import type { StartPoint } from '../contracts/pipeline/options.ts';
import { comparePositions, compareSequenceNumbers, type Position } from '../contracts/event/position.ts';
import type { SourceGap, SourceRecord } from './source.ts';

/** No source keeps a record for less. */
export const SHORTEST_RETENTION_MS = 24 * 3_600_000;

export interface ReadPage {
  readonly records: readonly SourceRecord[];
  readonly ended: boolean;
  readonly lagMs?: number | undefined;
}

export class Continuity {
  readonly #now: () => number;
  #last: Position | undefined;
  #consumedUntil: number | undefined;
  /** An iterator was made anew, and no record has come from it yet. */
  #unproven = false;
  /** The latest page has told up to when the shard has been read. */
  #told = false;
  /** Something of the shard has been read, by whoever. */
  #begun: boolean;

  /** @param notBefore records that arrived before are not wanted; ms since 1970 */
  constructor(start: StartPoint, notBefore: number | undefined, now: () => number) {
    this.#now = now;
    if (start.at === 'after') this.#last = start.position;
    this.#begun = start.at === 'after';
    this.#consumedUntil = consumedUntilOf(start) ?? notBefore;
  }

  get last(): Position | undefined {
    return this.#last;
  }

  /** Up to when the shard is known to have been read after the latest page; ms since 1970. */
  get consumedUntil(): number | undefined {
    return this.#told ? this.#consumedUntil : undefined;
  }

  /** True until the first record of an iterator that was made anew. */
  get unproven(): boolean {
    return this.#unproven;
  }

  /** @param proving the iterator begins with the last record that was read, or at the horizon */
  opened(proving: boolean): void {
    this.#unproven = proving && this.#last !== undefined;
  }

  /** Changes nothing: the same page may come again. */
  async gapBefore(page: ReadPage, retentionMs: () => Promise<number>): Promise<SourceGap | undefined> {
    const [first] = page.records;
    if (!this.#unproven || this.#last === undefined || (first === undefined && !page.ended)) return undefined;
    if (first !== undefined && isUpTo(first.position, this.#last)) return undefined;
    return await this.#missing(first?.position, retentionMs);
  }

  /**
   * For a shard of which the source has nothing any more. One that has been read without coming to its end was open when it
   * was last read: what was written to it since is missing, also when that is less than the retention ago.
   */
  async gapToEnd(retentionMs: () => Promise<number>): Promise<SourceGap | undefined> {
    return this.#begun ? this.#gap(undefined) : await this.#missing(undefined, retentionMs);
  }

  /** Those that have not been read before. A position inside an aggregate is read again with its whole aggregate. */
  unread(records: readonly SourceRecord[]): readonly SourceRecord[] {
    const last = this.#last;
    return last === undefined ? records : records.filter(({ position }) => !isUpTo(position, last));
  }

  /** @param askedAt when the page was asked for, ms since 1970 */
  advance(page: ReadPage, askedAt: number): void {
    this.#begun = true;
    const newest = page.records.at(-1)?.position;
    if (newest !== undefined) {
      this.#unproven = false;
      if (this.#last === undefined || !isUpTo(newest, this.#last)) this.#last = newest;
    }
    // While there is doubt about what came before, nothing is known of any time, unless the source still has it all.
    this.#told =
      page.lagMs !== undefined && (!this.#unproven || (this.#consumedUntil ?? 0) >= askedAt - SHORTEST_RETENTION_MS);
    if (page.lagMs !== undefined && this.#told)
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

/** A last position without a number in the aggregate stands for all of the record, whatever that holds. */
function isUpTo(position: Position, last: Position): boolean {
  if (last.subSequenceNumber === undefined) {
    return compareSequenceNumbers(position.sequenceNumber, last.sequenceNumber) <= 0;
  }
  return comparePositions(position, last) <= 0;
}
