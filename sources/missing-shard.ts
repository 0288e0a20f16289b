/**
 * Decides when a shard that the service does not find counts as gone, although a listing may still contain it. Services
 * list expired shards for a while, and other consumers treat the first such answer as the end of the shard. But it may
 * also be an error of the service, and then records that still exist would be lost: so many such answers in a row are
 * needed.
 *
 * Owns the number of such answers since the shard was last read.
 */

/** Answers in a row; with a reader's waits between them, about half a minute. */
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
