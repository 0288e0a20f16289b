/**
 * What a listing says of the stream itself: whether it is still the one that the checkpoints belong to, and whether it
 * keeps the order of a key. Pure.
 */
import type { Gap, PipelineState } from '../../contracts/pipeline/state.ts';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import { isOtherStream, isRecreated, seen } from '../../contracts/pipeline/stream-identity.ts';
import { noteGaps } from './lineage.ts';

/**
 * The state with what the listing says of the stream. While it has `otherStream`, the listing's shards must not be taken
 * in, and nothing may be read: the same shard ids stand for other shards there (O4).
 */
export function observeStream(state: PipelineState, listing: ShardListing, now: number): PipelineState {
  const { stream: found } = listing;
  const { stream: known } = state;
  if (found === undefined) return state;
  if (known !== undefined && isOtherStream(known, found, now)) {
    const other = { found: seen(undefined, found, now), since: state.otherStream?.since ?? now };
    const isNew = state.otherStream === undefined;
    const told = isNew && isRecreated(known, found) ? withRestLost(state, now) : state;
    return { ...told, otherStream: other };
  }
  const { otherStream: _over, ...rest } = state;
  return observeOrder({ ...rest, stream: seen(known, found, now) }, listing, now);
}

function observeOrder(state: PipelineState, { unordered }: ShardListing, now: number): PipelineState {
  if (unordered === undefined) return state;
  const { unordered: before, ...rest } = state;
  return unordered ? { ...rest, unordered: before ?? { since: now } } : rest;
}

/** Whatever of the former stream had not been read went with it (O10). */
function withRestLost(state: PipelineState, at: number): PipelineState {
  const shards = Object.values(state.shards).map(({ checkpoint, shardId }) => {
    const gap: Gap = { shardId, at, ...(checkpoint === undefined ? {} : { after: checkpoint }) };
    return [shardId, { gaps: [gap] }] as const;
  });
  return noteGaps(state, { shards: Object.fromEntries(shards) });
}
