/**
 * What is told of a shard beside its checkpoint: counts, how far behind reading is, gaps, what keeps it from being read.
 * For people; nothing is decided by it.
 */
import type { Gap, ShardProgress, ShardToRead } from '../contracts/pipeline.ts';
import { samePosition, type Position } from '../contracts/position.ts';
import type { Page, SourceGap } from '../sources/source.ts';

/** Gaps of a shard that a report carries. A heartbeat has them all, and a reader that cannot keep up finds many. */
const GAPS_TOLD = 8;
const LONGEST_TROUBLE = 300;

export class ShardTally {
  readonly #shardId: string;
  #lagMs: number | undefined;
  #upTo: number | undefined;
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

  get progress(): Omit<ShardProgress, 'checkpoint' | 'finished'> {
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
   */
  page({ lagMs, records, strays = 0 }: Page, askedAt: number): void {
    this.#trouble = undefined;
    this.#strays += strays;
    this.#lagMs = lagMs;
    const last = records.at(-1);
    // Arrival times may run backwards within a shard, but what was read stays read.
    const upTo = lagMs === undefined ? (last?.arrivedAt ?? askedAt) : askedAt - lagMs;
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

function sameOrNone(a: Position | undefined, b: Position | undefined): boolean {
  return a === undefined || b === undefined ? a === b : samePosition(a, b);
}
