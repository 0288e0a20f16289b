import type { Client } from '@temporalio/client';
import type { PipelineRegistry } from '../pipelines/registry.ts';
import { pooledKeyView, type ObservedPooledKey } from '../pools/pooled-key.ts';
import { laneView, type ObservedLane } from './lane-view.ts';
import type { NamedKey } from './named-key.ts';

/**
 * The lane of a key, or its place in a pool if it has no lane of its own.
 * @throws {NoSuchLaneError}
 * @throws {NoWorkerError}
 */
export async function keyView(
  client: Client,
  registry: PipelineRegistry,
  { key, pipeline }: NamedKey,
): Promise<ObservedLane | ObservedPooledKey> {
  const pools = await registry.poolsOf(pipeline);
  if (pools === undefined) return await laneView(client, pipeline, key);
  const pooled = await pooledKeyView(client, { pipeline, key, pools });
  return pooled.view.where === 'pool' ? pooled : await laneView(client, pipeline, key);
}
