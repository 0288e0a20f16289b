import type { Fault, ListedShard, ListingChange } from './faults.ts';

/** Any error of AWS by its name. */
export function awsError(name: string, { status = 400, message = 'as scripted' } = {}): Fault {
  return { kind: 'error', name, status, message };
}

export const throttled: Fault = { kind: 'throttled' };
export const trimmed: Fault = { kind: 'trimmed' };
export const internalError: Fault = { kind: 'internal' };
export const expiredIterator: Fault = awsError('ExpiredIteratorException');
export const expiredNextToken: Fault = awsError('ExpiredNextTokenException');
export const notFound: Fault = awsError('ResourceNotFoundException');
export const hang: Fault = { kind: 'hang' };
export const reset: Fault = { kind: 'reset' };
export const emptyPage: Fault = { kind: 'emptyPage' };
export const fullPage: Fault = { kind: 'fullPage' };
export const childless: Fault = { kind: 'childless' };

export function held(until: Promise<unknown>): Fault {
  return { kind: 'held', until };
}

export function delayed(until: Promise<unknown>): Fault {
  return { kind: 'delayed', until };
}

export function listing(change: ListingChange): Fault {
  return { kind: 'listing', change };
}

/** Leaves these shards out. */
export function omitting(...shardIds: readonly string[]): Fault {
  return listing((page) => page.filter(({ ShardId }) => !shardIds.includes(ShardId)));
}

/** Lists these shards once more, whether they belong to the page or not; without any, the whole page twice. */
export function repeating(...shardIds: readonly string[]): Fault {
  return listing((page, all) => [
    ...page,
    ...(shardIds.length === 0 ? page : all().filter(({ ShardId }) => shardIds.includes(ShardId))),
  ]);
}

/** Children before their parents, the newest first. */
export const reversed: Fault = listing((page) => page.toReversed());

/** In an order of the test's making. */
export function reordered(compare: (a: ListedShard, b: ListedShard) => number): Fault {
  return listing((page) => page.toSorted(compare));
}

/** The page as it was when `before` was taken: newer shards are missing, shards closed since are open. */
export function stale(before: readonly ListedShard[]): Fault {
  const then = new Map(before.map((shard) => [shard.ShardId, shard]));
  return listing((page) => page.map(({ ShardId }) => then.get(ShardId)).filter((shard) => shard !== undefined));
}

/** Shows these shards as open still, beside the children that they have; without any, every closed one. */
export function stillOpen(...shardIds: readonly string[]): Fault {
  return listing((page) =>
    page.map((shard) => (shardIds.length === 0 || shardIds.includes(shard.ShardId) ? opened(shard) : shard)),
  );
}

function opened(shard: ListedShard): ListedShard {
  const { StartingSequenceNumber } = shard.SequenceNumberRange;
  return { ...shard, SequenceNumberRange: { StartingSequenceNumber } };
}
