/**
 * Decides when a shard that the service does not find is taken for gone, although a listing may still have it. Services list
 * expired shards for a while, and other consumers take the first such answer for the end of the shard. But it may also be
 * a fault of the service, and then records would be given up that are still there: so it must be said many times in a row.
 *
 * Owns the number of such answers since the shard was last read.
 */

/** With the waits of a reader between them, about half a minute. */
const MISSING_FROM = 8;

export class MissingShard {
  #times = 0;

  found(): void {
    this.#times = 0;
  }

  /**
   * @param hasEnded the listing shows that nothing more is written to the shard, so children may be waiting for it
   * @returns whether it is gone
   */
  notFound(hasEnded: boolean): boolean {
    this.#times += 1;
    return hasEnded && this.#times >= MISSING_FROM;
  }
}
