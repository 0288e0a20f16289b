/**
 * What is told of a shard beside its checkpoint: counts, how far behind reading is, gaps, what keeps it from being read.
 * For people, but for `upTo`: by it the source knows a gap from a shard in which nothing was written (O10). So it is
 * never later than what was taken over: a record that no lane has accepted holds it, as it holds the checkpoint.
 */
import type { Gap } from '../../contracts/pipeline/state.ts';
import type { ShardProgress, ShardToRead } from '../../contracts/pipeline/reading.ts';
import { comparePositions, samePosition, type Position } from '../../contracts/event/position.ts';
import type { Page, SourceGap } from '../../sources/source.ts';

/** Gaps of a shard that a report carries. A heartbeat has them all, and a reader that cannot keep up finds many. */
const GAPS_TOLD = 8;
const LONGEST_TROUBLE = 300;
/** Pages of which it is known how far they reach, while they are not taken over. */
const PAGES_KNOWN = 64;

/** With everything through the position taken over, the shard has been taken over up to this time. */
interface Reach {
  readonly position: Position;
  readonly upTo: number;
}

export class ShardTally {
  readonly #shardId: string;
  #lagMs: number | undefined;
  #upTo: number | undefined;
  #reaches: Reach[] = [];
  #gaps: readonly Gap[];
  #trouble: string | undefined;
  #strays = 0;
  read = 0;
  taken = 0;
  quarantined = 0;
  filtered = 0;

  /** @param shard with what earlier readers and attempts have told */
  constructor({ shardId, upTo, gaps = [] }: ShardToRead) {
    this.#shardId = shardId;
    this.#upTo = upTo;
    this.#gaps = gaps;
  }

  /** As of the checkpoint. */
  progress(checkpoint: Position | undefined): Omit<ShardProgress, 'checkpoint' | 'finished'> {
    this.#settle(checkpoint);
    return {
      ...(this.#lagMs === undefined ? {} : { lagMs: this.#lagMs }),
      ...(this.#upTo === undefined ? {} : { upTo: this.#upTo }),
      ...(this.#gaps.length === 0 ? {} : { gaps: this.#gaps }),
      read: this.read,
      taken: this.taken,
      quarantined: this.quarantined,
      ...(this.filtered === 0 ? {} : { filtered: this.filtered }),
      ...(this.#strays === 0 ? {} : { strays: this.#strays }),
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    };
  }

  /**
   * Notes a page of which every record was let in.
   * @param askedAt when the page was asked for, ms since 1970
   * @param newest the last position that was read, or the start
   */
  page(page: Page, askedAt: number, newest: Position | undefined): void {
    this.#trouble = undefined;
    this.#strays += page.strays ?? 0;
    this.#lagMs = page.lagMs;
    const upTo = reachOf(page, askedAt);
    if (upTo === undefined) return;
    if (newest === undefined) this.#reach(upTo);
    // Of too many the last two become one: that it is later known how far one reached does no harm.
    else this.#reaches = [...this.#reaches.slice(0, PAGES_KNOWN - 1), { position: newest, upTo }];
  }

  /** Up to when everything has been taken over. */
  upTo(checkpoint: Position | undefined): number | undefined {
    this.#settle(checkpoint);
    return this.#upTo;
  }

  #settle(checkpoint: Position | undefined): void {
    if (checkpoint === undefined) return;
    const open = this.#reaches.findIndex(({ position }) => comparePositions(position, checkpoint) > 0);
    const passed = this.#reaches.splice(0, open === -1 ? this.#reaches.length : open);
    for (const { upTo } of passed) this.#reach(upTo);
  }

  /** Arrival times may run backwards within a shard, but what was taken over stays so. */
  #reach(upTo: number): void {
    this.#upTo = Math.max(this.#upTo ?? upTo, upTo);
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
    this.#gaps = [...this.#gaps, gap].slice(-GAPS_TOLD);
    return gap;
  }

  /** Why the shard cannot be read; until the next page. */
  trouble(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#trouble = message.length <= LONGEST_TROUBLE ? message : `${message.slice(0, LONGEST_TROUBLE - 3)}...`;
  }
}

/**
 * What the source says of a page, or an earlier time: some services count the lag to the newest record there is, and not
 * to now. Undefined while the source is not sure. One that tells no lag never is; then it is for people only.
 */
function reachOf({ lagMs, records, upTo }: Page, askedAt: number): number | undefined {
  const arrivedAt = records.at(-1)?.arrivedAt ?? Infinity;
  if (lagMs === undefined) return Math.min(askedAt, arrivedAt);
  return upTo === undefined || lagMs === 0 ? upTo : Math.min(upTo, arrivedAt);
}

function sameOrNone(a: Position | undefined, b: Position | undefined): boolean {
  return a === undefined || b === undefined ? a === b : samePosition(a, b);
}
