/**
 * What is reported of a shard in addition to its checkpoint: counts, how far behind reading is, gaps, and the error
 * that keeps it from being read. All of it is for display, except `consumedUntil`: with it the source tells a gap from
 * a shard in which nothing was written (O10). So it is never later than the accepted records: a record that no lane has
 * accepted holds it back, as it holds back the checkpoint.
 */
import type { Gap } from '../../contracts/pipeline/state.ts';
import type { ShardProgress, ShardToRead } from '../../contracts/pipeline/reading.ts';
import { comparePositions, samePosition, type Position } from '../../contracts/event/position.ts';
import type { Page, SourceGap } from '../../sources/source.ts';

/** Gaps of a shard that a report carries. Every heartbeat repeats them, and a reader that cannot keep up finds many. */
const MAX_GAPS_REPORTED = 8;
const MAX_ERROR_CHARS = 300;
/** Pages not yet accepted whose watermark is remembered. */
const MAX_WATERMARKS = 64;

/** Once everything up to the position is accepted, the shard is consumed until this time. */
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

  /** @param shard with what earlier readers and attempts have reported */
  constructor({ shardId, consumedUntil, gaps = [] }: ShardToRead) {
    this.#shardId = shardId;
    this.#consumedUntil = consumedUntil;
    this.#gaps = gaps;
  }

  /** The progress as of the checkpoint. */
  progress(checkpoint: Position | undefined): Omit<ShardProgress, 'checkpoint' | 'finished'> {
    this.#applyWatermarks(checkpoint);
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
   * Counts a page after all its records were admitted to the budget.
   * @param askedAt when the page was requested, ms since 1970
   * @param newest the last position that was read, or the start
   */
  page(page: Page, askedAt: number, newest: Position | undefined): void {
    this.#readError = undefined;
    this.#misrouted += page.misrouted ?? 0;
    this.#lagMs = page.lagMs;
    const consumedUntil = watermarkOf(page, askedAt);
    if (consumedUntil === undefined) return;
    if (newest === undefined) this.#advanceTo(consumedUntil);
    // Beyond the maximum the last two are merged: learning later how far a page reached does no harm.
    else this.#watermarks = [...this.#watermarks.slice(0, MAX_WATERMARKS - 1), { position: newest, consumedUntil }];
  }

  /** The time until which everything has been accepted. */
  consumedUntil(checkpoint: Position | undefined): number | undefined {
    this.#applyWatermarks(checkpoint);
    return this.#consumedUntil;
  }

  #applyWatermarks(checkpoint: Position | undefined): void {
    if (checkpoint === undefined) return;
    const open = this.#watermarks.findIndex(({ position }) => comparePositions(position, checkpoint) > 0);
    const passed = this.#watermarks.splice(0, open === -1 ? this.#watermarks.length : open);
    for (const { consumedUntil } of passed) this.#advanceTo(consumedUntil);
  }

  /** Arrival times may run backwards within a shard, but accepted records stay accepted. */
  #advanceTo(consumedUntil: number): void {
    this.#consumedUntil = Math.max(this.#consumedUntil ?? consumedUntil, consumedUntil);
  }

  /** Records a gap that the cursor has found (O10). Returns it, or undefined when it was reported before. */
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

  /** Sets why the shard cannot be read, until the next page. */
  readError(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#readError = message.length <= MAX_ERROR_CHARS ? message : `${message.slice(0, MAX_ERROR_CHARS - 3)}...`;
  }
}

/**
 * The watermark that the source gives for a page, or an earlier time: some services measure the lag to the newest
 * record and not to now. Undefined while the source is not sure. A source that reports no lag is never sure; then the
 * value is for display only.
 */
function watermarkOf({ lagMs, records, consumedUntil }: Page, askedAt: number): number | undefined {
  const arrivedAt = records.at(-1)?.arrivedAt ?? Infinity;
  if (lagMs === undefined) return Math.min(askedAt, arrivedAt);
  return consumedUntil === undefined || lagMs === 0 ? consumedUntil : Math.min(consumedUntil, arrivedAt);
}

function sameOrNone(a: Position | undefined, b: Position | undefined): boolean {
  return a === undefined || b === undefined ? a === b : samePosition(a, b);
}
