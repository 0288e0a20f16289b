import type { ShardInfo } from '../../contracts/pipeline/shards.ts';

/**
 * Makes one lineage of the streams that a table has had, the oldest first.
 *
 * A stream that is disabled ends; when it is enabled again there is a new one, and nothing connects the two. For the
 * order of an item's changes (O1) they must be connected: the first shards of the newer stream become children of every
 * last shard of the older one, since it is unknown which of those had an item.
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
