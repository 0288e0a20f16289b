import type { ShardInfo } from '../../contracts/pipeline/shards.ts';

/**
 * One lineage from the streams that a table has had, the oldest first.
 *
 * A stream that is disabled ends; when it is enabled again there is another one, and nothing ties the two together. For
 * the order of an item's changes (O1) there must be a tie: the shards that the newer stream began with are children of
 * every shard at which the older one ended. Which of them had an item nobody can tell.
 */
export function linkGenerations(generations: readonly (readonly ShardInfo[])[]): readonly ShardInfo[] {
  let ends: readonly string[] = [];
  return generations.flatMap((shards) => {
    const before = ends;
    if (shards.length > 0) ends = leavesOf(shards);
    return shards.map((shard) => (shard.parents.length === 0 ? { ...shard, parents: before } : shard));
  });
}

function leavesOf(shards: readonly ShardInfo[]): readonly string[] {
  const parents = new Set(shards.flatMap((shard) => shard.parents));
  return shards.map(({ shardId }) => shardId).filter((shardId) => !parents.has(shardId));
}
