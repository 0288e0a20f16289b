import type { Logger } from 'pino';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import type { Source, SourceDescription } from '../../sources/source.ts';
import { KnownListings } from './known-listings.ts';

/** The shards do not wait longer for it. */
const DESCRIPTION_DEADLINE_MS = 10_000;

/** What of it goes along with a listing. */
type Described = Pick<ShardListing, 'retentionMs' | 'stream' | 'unordered'>;

/**
 * Lists the shards of a source, and tells which stream it is, how long it keeps a record and whether it keeps the order of
 * a key, where that can be learned: it never keeps a listing from coming about.
 *
 * Owns what it has told lately, and whether it has been said that something is not known: listings come every minute.
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
    const shards = await this.#source.listShards(signal);
    return { ...this.#listings.tell(shards, known), ...(await this.#describe(signal)) };
  }

  async #describe(signal: AbortSignal): Promise<Described> {
    try {
      const deadline = AbortSignal.timeout(DESCRIPTION_DEADLINE_MS);
      const description = await this.#source.describe(AbortSignal.any([signal, deadline]));
      if (description.incomplete === undefined) this.#told = false;
      else this.#tell(description.incomplete);
      return describedBy(description);
    } catch (error) {
      if (!signal.aborted) this.#tell(error);
      return {};
    }
  }

  #tell(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    this.#log.warn(
      { err: error },
      `${this.#source.identity} could not be described. Reading goes on, but as long as that fails nobody is warned before ` +
        'unread records are lost, and a stream that was deleted and created anew, or that stops keeping the order of a ' +
        'key, may not be noticed',
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
