/**
 * When a shard is read again. One that has just had records is likely to have more soon, so it is asked as often as its
 * source allows; a quiet one is asked less and less often. Shards whose reading began together would go on being read at
 * the same moments, and events that come one by one would wait for those of the other shards: so the waits of a shard that
 * is caught up with are spread by lot, upwards only, since the source would refuse to be asked more often.
 *
 * Owns how long the shard has been quiet.
 */
import type { Page, Source } from '../sources/source.ts';

/** Of a wait. */
const SPREAD = 0.25;

export class PollPace {
  readonly #pace: Source['pace'];
  readonly #random: () => number;
  /** In a row. */
  #emptyPages = 0;

  constructor(pace: Source['pace'], random: () => number) {
    this.#pace = pace;
    this.#random = random;
  }

  /** @returns ms from the begin of the read that gave this page to the begin of the next one */
  after({ records, lagMs, restMs = 0 }: Page): number {
    const isEmpty = records.length === 0;
    // A page may be empty in the middle of a shard, and not every service tells how far it is behind.
    const isBehind = lagMs === undefined ? !isEmpty : lagMs > 0;
    this.#emptyPages = isEmpty && !isBehind ? this.#emptyPages + 1 : 0;
    const { minIntervalMs, idleIntervalMs } = this.#pace;
    const quietMs = Math.min(idleIntervalMs, minIntervalMs * 2 ** Math.min(this.#emptyPages - 1, 30));
    const waitMs = Math.max(minIntervalMs, restMs, this.#emptyPages === 0 ? 0 : quietMs);
    return isBehind ? waitMs : waitMs * (1 + SPREAD * this.#random());
  }
}
