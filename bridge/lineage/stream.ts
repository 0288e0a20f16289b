/**
 * Applies what a listing says about the stream itself: whether it is still the stream that the checkpoints belong to,
 * and whether it keeps the order of a key. Pure.
 */
import type { Gap, PipelineState } from '../../contracts/pipeline/state.ts';
import type { ShardListing } from '../../contracts/pipeline/shards.ts';
import { isOtherStream, isRecreated, seen } from '../../contracts/pipeline/stream-identity.ts';
import { recordGaps } from './lineage.ts';

/**
 * Returns the state with what the listing says about the stream. While it has `otherStream`, the listing's shards must
 * not be applied, and nothing may be read: the same shard ids mean other shards there (O4).
 */
export function observeStream(state: PipelineState, listing: ShardListing, now: number): PipelineState {
  const { stream: found } = listing;
  const { stream: known } = state;
  if (found === undefined) return state;
  if (known !== undefined && isOtherStream(known, found, now)) {
    const other = { found: seen(undefined, found, now), since: state.otherStream?.since ?? now };
    const isNew = state.otherStream === undefined;
    const reported = isNew && isRecreated(known, found) ? withRestLost(state, now) : state;
    return { ...reported, otherStream: other };
  }
  const { otherStream: _over, ...rest } = state;
  return observeOrder({ ...rest, stream: seen(known, found, now) }, listing, now);
}

function observeOrder(state: PipelineState, { unordered }: ShardListing, now: number): PipelineState {
  if (unordered === undefined) return state;
  const { unordered: before, ...rest } = state;
  return unordered ? { ...rest, unordered: before ?? { since: now } } : rest;
}

/** Records of the former stream that were not read are lost with it (O10). */
function withRestLost(state: PipelineState, at: number): PipelineState {
  const shards = Object.values(state.shards).map(({ checkpoint, shardId }) => {
    const gap: Gap = { shardId, at, ...(checkpoint === undefined ? {} : { after: checkpoint }) };
    return [shardId, { gaps: [gap] }] as const;
  });
  return recordGaps(state, { shards: Object.fromEntries(shards) });
}
