import type { Logger } from 'pino';
import type { ShardListing } from '../../contracts/pipeline.ts';
import type { Source } from '../../sources/source.ts';
import { KnownListings } from './known-listings.ts';

/** The shards do not wait longer for it. */
const RETENTION_DEADLINE_MS = 10_000;

/**
 * Lists the shards of a source, and tells how long it keeps a record where that can be learned: nothing but warnings
 * hangs on the latter, so it never keeps a listing from coming about.
 *
 * Owns what it has told lately, and whether it has been said that the retention is not known: listings come every minute.
 */
export class ShardLister {
  readonly #source: Source;
  readonly #log: Logger;
  readonly #listings = new KnownListings();
  #told = false;

  constructor(source: Source, log: Logger) {
    this.#source = source;
    this.#log = log;
  }

  /**
   * @param known digest of the listing that was taken in last
   * @throws {SourceError}
   */
  async list(known: string | undefined, signal: AbortSignal): Promise<ShardListing> {
    const [shards, retentionMs] = await Promise.all([this.#source.listShards(signal), this.#retention(signal)]);
    return { ...this.#listings.tell(shards, known), ...(retentionMs === undefined ? {} : { retentionMs }) };
  }

  async #retention(signal: AbortSignal): Promise<number | undefined> {
    try {
      const deadline = AbortSignal.timeout(RETENTION_DEADLINE_MS);
      const retentionMs = await this.#source.retentionMs(AbortSignal.any([signal, deadline]));
      this.#told = false;
      return retentionMs;
    } catch (error) {
      if (!signal.aborted && !this.#told) {
        this.#told = true;
        this.#log.warn(
          { err: error },
          `how long ${this.#source.identity} keeps a record cannot be learned, so nobody is warned before unread ones ` +
            'are lost. Reading goes on',
        );
      }
      return undefined;
    }
  }
}
