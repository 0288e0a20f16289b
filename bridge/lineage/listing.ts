/**
 * Applies a listing of shards to the lineage graph: which shards exist, which are missing, and which can be forgotten.
 * Pure. Keeps the invariants of lineage.ts.
 */
import type { FinishedShards, LineageShard, PipelineState } from '../../contracts/pipeline/state.ts';
import type { ListedShard, ShardListing } from '../../contracts/pipeline/shards.ts';
import type { StartPoint } from '../../contracts/pipeline/options.ts';

/**
 * Twice the shortest retention, that of DynamoDB Streams; listings have been observed to omit shards for a shorter
 * time.
 */
const FORGET_AFTER_MS = 48 * 3_600_000;

/** Number of listings that must lack a parent that was never seen, before the parent counts as gone from the source. */
const MISSING_FROM = 2;

/**
 * Applies a complete listing. The shards of the first listing start where the pipeline starts. Every later shard is the
 * child of a shard that is being read, so it starts at its horizon, also when the pipeline started at the latest record
 * (O4).
 */
export function observe(state: PipelineState, listing: ShardListing, startAt: StartPoint, now: number): PipelineState {
  const { isListed, described } = listedBy(listing, state);
  const finished = seenFinished(state.finished, isListed, described, now);
  const shards: Record<string, LineageShard> = {};
  for (const shard of Object.values(state.shards)) {
    shards[shard.shardId] = seen(shard, isListed(shard.shardId), now);
  }
  for (const { shardId, parents } of described) {
    if (finished.missingSince[shardId] !== undefined) continue;
    const start: StartPoint = state.discovered ? { at: 'horizon' } : startAt;
    shards[shardId] ??= { shardId, parents: [...parents], start, orphanedIn: 0 };
  }
  const isKnown = (shardId: string): boolean =>
    shards[shardId] !== undefined || finished.missingSince[shardId] !== undefined;
  for (const shard of Object.values(shards)) shards[shard.shardId] = orphaned(shard, isKnown);
  const { digest, retentionMs = state.retentionMs } = listing;
  const { listed: _before, ...rest } = state;
  return {
    ...rest,
    shards,
    finished,
    discovered: true,
    ...(digest === undefined ? {} : { listed: digest }),
    ...(retentionMs === undefined ? {} : { retentionMs }),
  };
}

interface Listed {
  readonly isListed: (shardId: string) => boolean;
  /** All listed shards, or only those that were not listed before. */
  readonly described: readonly ListedShard[];
}

/** Both kinds describe a complete listing: a difference refers to the shards that the state knows as listed last. */
function listedBy(listing: ShardListing, state: PipelineState): Listed {
  if ('shards' in listing) {
    const ids = new Set(listing.shards.map(({ shardId }) => shardId));
    return { isListed: (shardId) => ids.has(shardId), described: listing.shards };
  }
  const added = new Set(listing.added.map(({ shardId }) => shardId));
  const gone = new Set(listing.gone);
  const isListed = (shardId: string): boolean =>
    added.has(shardId) || (!gone.has(shardId) && wasListed(state, shardId));
  return { isListed, described: listing.added };
}

function wasListed({ shards, finished }: PipelineState, shardId: string): boolean {
  const shard = shards[shardId];
  return shard === undefined ? finished.missingSince[shardId] === 0 : shard.missingSince === undefined;
}

function seen(shard: LineageShard, isListed: boolean, now: number): LineageShard {
  const { missingSince, ...rest } = shard;
  return isListed ? rest : { ...rest, missingSince: missingSince ?? now };
}

/** Counts the listings without its parent, until there are enough of them or the parent appears. */
function orphaned(shard: LineageShard, isKnown: (shardId: string) => boolean): LineageShard {
  const { orphanedIn, ...rest } = shard;
  if (orphanedIn === undefined || shard.parents.every(isKnown)) return rest;
  return orphanedIn + 1 < MISSING_FROM ? { ...rest, orphanedIn: orphanedIn + 1 } : rest;
}

/** Forgets finished shards that have been missing for long enough (G3). */
function seenFinished(
  finished: FinishedShards,
  isListed: Listed['isListed'],
  described: readonly ListedShard[],
  now: number,
): FinishedShards {
  const missingSince: Record<string, number> = {};
  for (const [shardId, before] of Object.entries(finished.missingSince)) {
    const since = before === 0 ? now : before;
    if (isListed(shardId)) missingSince[shardId] = 0;
    else if (now - since <= FORGET_AFTER_MS) missingSince[shardId] = since;
  }
  const parents = new Set(described.flatMap((shard) => shard.parents));
  const isChildless = (shardId: string): boolean => missingSince[shardId] !== undefined && !parents.has(shardId);
  return { ...finished, missingSince, childless: finished.childless.filter(isChildless) };
}
