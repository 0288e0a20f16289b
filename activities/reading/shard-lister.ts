import type { Logger } from 'pino';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import type { Source, SourceDescription } from '../../sources/source.ts';
import { KnownListings } from './known-listings.ts';

/** The listing does not wait longer for the description. */
const DESCRIPTION_DEADLINE_MS = 10_000;

/** What a listing contains of the description. */
type Described = Pick<ShardListing, 'retentionMs' | 'stream' | 'unordered'>;

/**
 * Lists the shards of a source, and describes which stream it is, how long it keeps a record and whether it keeps the
 * order of a key, if that can be found out: a failing description never fails a listing.
 *
 * Owns the recent listings, and whether a failing description has been logged: listings come every minute.
 */
export class ShardLister {
  readonly #source: Source;
  readonly #log: Logger;
  readonly #listings = new KnownListings();
  #isLogged = false;

  constructor(source: Source, log: Logger) {
    this.#source = source;
    this.#log = log;
  }

  /**
   * @param known digest of the listing that the pipeline applied last
   * @throws {SourceError}
   */
  async list(known: string | undefined, signal: AbortSignal): Promise<ShardListing> {
    const shards = await this.#source.listShards(signal);
    return { ...this.#listings.describe(shards, known), ...(await this.#describe(signal)) };
  }

  async #describe(signal: AbortSignal): Promise<Described> {
    try {
      const deadline = AbortSignal.timeout(DESCRIPTION_DEADLINE_MS);
      const description = await this.#source.describe(AbortSignal.any([signal, deadline]));
      if (description.incomplete === undefined) this.#isLogged = false;
      else this.#logOnce(description.incomplete);
      return describedBy(description);
    } catch (error) {
      if (!signal.aborted) this.#logOnce(error);
      return {};
    }
  }

  #logOnce(error: unknown): void {
    if (this.#isLogged) return;
    this.#isLogged = true;
    this.#log.warn(
      { err: error },
      `Could not describe ${this.#source.identity}. Reading continues, but until a description succeeds there is no ` +
        'warning before unread records are lost, and a stream that was deleted and created again, or that stops ' +
        'keeping the order of a key, may not be noticed',
    );
  }
}

function describedBy({ retentionMs, stream, unordered }: SourceDescription): Described {
  return {
    stream,
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(unordered === undefined ? {} : { unordered }),
  };
}
