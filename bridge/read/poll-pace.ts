/**
 * Decides when a shard is read again. A shard that just had records is likely to have more soon, so it is read as often
 * as its source allows, and less and less often while it has none. Shards whose reading started together would always
 * be read at the same moments, and single events would wait for those of other shards: so the waits of a shard without
 * a backlog are randomized.
 *
 * Owns the next wait of the shard. Invariant: it is never shorter than the source allows.
 */
import type { Page, Source } from '../../sources/source.ts';

/** The maximum random share of a wait. */
export const SPREAD = 0.25;

export class PollPace {
  readonly #pace: Source['pace'];
  readonly #random: () => number;
  /** The wait after the next page without records. A shard that was not read yet counts as quiet. */
  #quietMs: number;

  constructor(pace: Source['pace'], random: () => number) {
    this.#pace = pace;
    this.#random = random;
    this.#quietMs = pace.idleIntervalMs;
  }

  /** @returns ms from the start of the read that returned this page to the start of the next one */
  after(page: Page): number {
    const { minIntervalMs, idleIntervalMs } = this.#pace;
    const shortestMs = Math.max(minIntervalMs, page.restMs ?? 0);
    if (isBehind(page)) {
      this.#quietMs = minIntervalMs;
      return shortestMs;
    }
    const lot = SPREAD * this.#random();
    const spreadMs = shortestMs * (1 + lot);
    if (page.records.length > 0) {
      this.#quietMs = minIntervalMs;
      return spreadMs;
    }
    const quietMs = this.#quietMs;
    this.#quietMs = Math.min(idleIntervalMs, 2 * quietMs);
    return Math.max(spreadMs, quietMs * (1 - lot));
  }
}

/** A page may be empty in the middle of a shard, and DynamoDB Streams do not report how far reading is behind. */
function isBehind({ records, lagMs, skipped = 0 }: Page): boolean {
  return lagMs === undefined ? records.length + skipped > 0 : lagMs > 0;
}
