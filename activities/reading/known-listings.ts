/**
 * Describes a listing of shards as the difference to the one that the pipeline applied last, if this process has
 * described that one recently, and completely otherwise. So it does not matter which process answers, how often, or
 * whether an answer is lost: each answer is correct by itself.
 *
 * Owns the shard ids of the last few different listings.
 */
import { createHash } from 'node:crypto';
import type { ListedShard, ShardListing } from '../../contracts/pipeline/shards.ts';

/** A listing that alternates returns to one of the last few. */
const MAX_LISTINGS_KEPT = 4;
/** In bytes; long enough that two listings never have the same digest by chance. */
const DIGEST_LENGTH = 15;

export class KnownListings {
  /** By digest, the latest last. */
  readonly #kept = new Map<string, ReadonlySet<string>>();

  /**
   * @param listed every shard of the source
   * @param known digest of the listing that the pipeline applied last
   */
  describe(listed: readonly ListedShard[], known: string | undefined): ShardListing {
    const shards = new Map(listed.map(({ shardId, parents }) => [shardId, { shardId, parents }]));
    const digest = digestOf([...shards.keys()]);
    const before = known === undefined ? undefined : this.#kept.get(known);
    this.#keep(digest, shards);
    if (digest === known) return { added: [], gone: [], digest };
    if (before === undefined) return { shards: [...shards.values()], digest };
    const added = [...shards.values()].filter(({ shardId }) => !before.has(shardId));
    return { added, gone: [...before].filter((shardId) => !shards.has(shardId)), digest };
  }

  #keep(digest: string, shards: ReadonlyMap<string, ListedShard>): void {
    const ids = this.#kept.get(digest) ?? new Set(shards.keys());
    this.#kept.delete(digest);
    this.#kept.set(digest, ids);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_LISTINGS_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** A digest of the ids alone: a shard's parents are applied with its first listing, and never change. */
function digestOf(shardIds: readonly string[]): string {
  const text = shardIds.toSorted().join('\n');
  return createHash('sha256').update(text).digest().subarray(0, DIGEST_LENGTH).toString('base64url');
}
