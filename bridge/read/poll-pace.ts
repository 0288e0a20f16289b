/**
 * When a shard is read again. One that has just had records is likely to have more soon, so it is asked as often as its
 * source allows, and less and less often while it has none. Shards whose reading began together would go on being read at
 * the same moments, and events that come one by one would wait for those of the other shards: so the waits of a shard that
 * is caught up with are spread by lot.
 *
 * Owns how long the shard is left alone next. Invariant: never for less than the source allows.
 */
import type { Page, Source } from '../../sources/source.ts';

/** Of a wait. */
export const SPREAD = 0.25;

export class PollPace {
  readonly #pace: Source['pace'];
  readonly #random: () => number;
  /** After the next page without records. A shard of which nothing is known yet counts as quiet. */
  #quietMs: number;

  constructor(pace: Source['pace'], random: () => number) {
    this.#pace = pace;
    this.#random = random;
    this.#quietMs = pace.idleIntervalMs;
  }

  /** @returns ms from the begin of the read that gave this page to the begin of the next one */
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

/** A page may be empty in the middle of a shard, and DynamoDB Streams do not tell how far it is behind. */
function isBehind({ records, lagMs, passedOver = 0 }: Page): boolean {
  return lagMs === undefined ? records.length + passedOver > 0 : lagMs > 0;
}
