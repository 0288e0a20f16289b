import type { CarriedState, LineageShard, PipelineState } from '../../contracts/pipeline/state.ts';
import { EMPTY_LINEAGE, finish } from './lineage.ts';

/** The state with which a run goes on, whichever version has carried it over. */
export function restoreState(carried: CarriedState | undefined): PipelineState {
  if (carried === undefined) return EMPTY_LINEAGE;
  const { finished = EMPTY_LINEAGE.finished, ...state } = carried;
  const ended: LineageShard[] = [];
  const shards: Record<string, LineageShard> = {};
  for (const { finished: hasEnded, ...shard } of Object.values(carried.shards)) {
    shards[shard.shardId] = shard;
    if (hasEnded) ended.push(shard);
  }
  return finish({ ...state, shards, finished }, ended);
}
