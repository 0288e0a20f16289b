import type { Client } from '@temporalio/client';
import { mapBounded } from '../../lib/pure/map-bounded.ts';
import type { PipelineRegistry } from '../pipelines/registry.ts';
import { poolsStatus, type PoolsStatus } from './pools.ts';

/** Pools in which keys fail. Those keys are not blocked yet, so no list of blocked keys has them. */
export interface FailingPools {
  readonly pipeline: string;
  readonly pools: PoolsStatus;
}

const PIPELINES_AT_ONCE = 4;

export async function failingPools(
  client: Client,
  registry: PipelineRegistry,
  pipelines: readonly string[],
): Promise<FailingPools[]> {
  const all = await mapBounded(pipelines, PIPELINES_AT_ONCE, async (pipeline) => {
    const pools = await registry.poolsOf(pipeline);
    return pools === undefined ? [] : [{ pipeline, pools: await poolsStatus(client, pipeline, pools) }];
  });
  return all
    .flat()
    .filter(({ pools: { failing, outages, releasing } }) => failing !== undefined || outages + releasing > 0);
}
