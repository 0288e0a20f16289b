/**
 * Tells a listing of shards as the difference to the one that was taken in last, where that is one of those that this
 * process has told lately, and whole otherwise. So it does not matter which process answers, how often, or whether an
 * answer gets lost: each is right by itself.
 *
 * Owns the ids of the last few listings that were different.
 */
import { createHash } from 'node:crypto';
import type { ListedShard, ShardListing } from '../../contracts/pipeline/shards.ts';

/** A listing that flickers comes back to one of the last few. */
const LISTINGS_KEPT = 4;
/** Bytes; so many are far beyond chance. */
const DIGEST_LENGTH = 15;

export class KnownListings {
  /** By digest, the latest last. */
  readonly #kept = new Map<string, ReadonlySet<string>>();

  /**
   * @param listed every shard of the source
   * @param known digest of the listing that was taken in last
   */
  tell(listed: readonly ListedShard[], known: string | undefined): ShardListing {
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
    if (this.#kept.size > LISTINGS_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** Of the ids alone: a shard's parents are taken over when it is first told, and never change. */
function digestOf(shardIds: readonly string[]): string {
  const text = shardIds.toSorted().join('\n');
  return createHash('sha256').update(text).digest().subarray(0, DIGEST_LENGTH).toString('base64url');
}
