/**
 * What is told of a shard beside its checkpoint: counts, how far behind reading is, gaps, what keeps it from being read.
 * For people, but for `consumedUntil`: by it the source knows a gap from a shard in which nothing was written (O10). So it is
 * never later than what was taken over: a record that no lane has accepted holds it, as it holds the checkpoint.
 */
import type { Gap } from '../../contracts/pipeline/state.ts';
import type { ShardProgress, ShardToRead } from '../../contracts/pipeline/reading.ts';
import { comparePositions, samePosition, type Position } from '../../contracts/event/position.ts';
import type { Page, SourceGap } from '../../sources/source.ts';

/** Gaps of a shard that a report carries. A heartbeat has them all, and a reader that cannot keep up finds many. */
const MAX_GAPS_REPORTED = 8;
const MAX_ERROR_CHARS = 300;
/** Pages of which it is known how far they reach, while they are not taken over. */
const PAGES_KNOWN = 64;

/** With everything through the position taken over, the shard has been taken over up to this time. */
interface Watermark {
  readonly position: Position;
  readonly consumedUntil: number;
}

export class ShardTally {
  readonly #shardId: string;
  #lagMs: number | undefined;
  #consumedUntil: number | undefined;
  #watermarks: Watermark[] = [];
  #gaps: readonly Gap[];
  #readError: string | undefined;
  #misrouted = 0;
  read = 0;
  taken = 0;
  quarantined = 0;
  filtered = 0;

  /** @param shard with what earlier readers and attempts have told */
  constructor({ shardId, consumedUntil, gaps = [] }: ShardToRead) {
    this.#shardId = shardId;
    this.#consumedUntil = consumedUntil;
    this.#gaps = gaps;
  }

  /** As of the checkpoint. */
  progress(checkpoint: Position | undefined): Omit<ShardProgress, 'checkpoint' | 'finished'> {
    this.#settle(checkpoint);
    return {
      ...(this.#lagMs === undefined ? {} : { lagMs: this.#lagMs }),
      ...(this.#consumedUntil === undefined ? {} : { consumedUntil: this.#consumedUntil }),
      ...(this.#gaps.length === 0 ? {} : { gaps: this.#gaps }),
      read: this.read,
      taken: this.taken,
      quarantined: this.quarantined,
      ...(this.filtered === 0 ? {} : { filtered: this.filtered }),
      ...(this.#misrouted === 0 ? {} : { misrouted: this.#misrouted }),
      ...(this.#readError === undefined ? {} : { readError: this.#readError }),
    };
  }

  /**
   * Notes a page of which every record was let in.
   * @param askedAt when the page was asked for, ms since 1970
   * @param newest the last position that was read, or the start
   */
  page(page: Page, askedAt: number, newest: Position | undefined): void {
    this.#readError = undefined;
    this.#misrouted += page.misrouted ?? 0;
    this.#lagMs = page.lagMs;
    const consumedUntil = watermarkOf(page, askedAt);
    if (consumedUntil === undefined) return;
    if (newest === undefined) this.#advanceTo(consumedUntil);
    // Of too many the last two become one: that it is later known how far one reached does no harm.
    else this.#watermarks = [...this.#watermarks.slice(0, PAGES_KNOWN - 1), { position: newest, consumedUntil }];
  }

  /** Up to when everything has been taken over. */
  consumedUntil(checkpoint: Position | undefined): number | undefined {
    this.#settle(checkpoint);
    return this.#consumedUntil;
  }

  #settle(checkpoint: Position | undefined): void {
    if (checkpoint === undefined) return;
    const open = this.#watermarks.findIndex(({ position }) => comparePositions(position, checkpoint) > 0);
    const passed = this.#watermarks.splice(0, open === -1 ? this.#watermarks.length : open);
    for (const { consumedUntil } of passed) this.#advanceTo(consumedUntil);
  }

  /** Arrival times may run backwards within a shard, but what was taken over stays so. */
  #advanceTo(consumedUntil: number): void {
    this.#consumedUntil = Math.max(this.#consumedUntil ?? consumedUntil, consumedUntil);
  }

  /** Takes in what the cursor has found (O10). Returns the gap, or undefined when it has been told before. */
  gap({ after, until }: SourceGap, at: number): Gap | undefined {
    if (this.#gaps.some((known) => sameOrNone(known.after, after))) return undefined;
    const gap: Gap = {
      shardId: this.#shardId,
      ...(after === undefined ? {} : { after }),
      ...(until === undefined ? {} : { until }),
      at,
    };
    this.#gaps = [...this.#gaps, gap].slice(-MAX_GAPS_REPORTED);
    return gap;
  }

  /** Why the shard cannot be read; until the next page. */
  readError(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#readError = message.length <= MAX_ERROR_CHARS ? message : `${message.slice(0, MAX_ERROR_CHARS - 3)}...`;
  }
}

/**
 * What the source says of a page, or an earlier time: some services count the lag to the newest record there is, and not
 * to now. Undefined while the source is not sure. One that tells no lag never is; then it is for people only.
 */
function watermarkOf({ lagMs, records, consumedUntil }: Page, askedAt: number): number | undefined {
  const arrivedAt = records.at(-1)?.arrivedAt ?? Infinity;
  if (lagMs === undefined) return Math.min(askedAt, arrivedAt);
  return consumedUntil === undefined || lagMs === 0 ? consumedUntil : Math.min(consumedUntil, arrivedAt);
}

function sameOrNone(a: Position | undefined, b: Position | undefined): boolean {
  return a === undefined || b === undefined ? a === b : samePosition(a, b);
}
