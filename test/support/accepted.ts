import type { Client } from '@temporalio/client';
import { laneView } from '../../operations/lanes/lane-view.ts';
import { poolsStatus } from '../../operations/pools/pools.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import { POOLS, type Hosting } from './hostings.ts';

/**
 * Every position that was sent to the lanes of a pipeline, as often as it was sent: read from the signals in the
 * histories of all their runs.
 */
export async function sentPositions(client: Client, pipeline: string): Promise<string[]> {
  const positions: string[] = [];
  for await (const run of client.workflow.list({ query: `KeylanePipeline = "${pipeline}"` })) {
    const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
    for (const event of history.events ?? []) {
      const signal = event.workflowExecutionSignaledEventAttributes;
      if (signal?.signalName !== 'records') continue;
      const data = signal.input?.payloads?.[0]?.data;
      if (!data) continue;
      const { events } = JSON.parse(Buffer.from(data).toString()) as { events: LaneEvent[] };
      positions.push(...events.map((one) => formatPosition(one.position)));
    }
  }
  return positions;
}

/**
 * How many events of these keys have been handled, by what lanes and pools say: each position that was accepted is one,
 * however often its handler was called.
 */
export async function handledBy(
  client: Client,
  pipeline: string,
  hosting: Hosting,
  keys: readonly string[],
): Promise<number> {
  if (hosting === 'pooled') return (await poolsStatus(client, pipeline, POOLS)).handled;
  const views = await Promise.all(keys.map((key) => laneView(client, pipeline, key)));
  return views.reduce((sum, { handled }) => sum + handled, 0);
}
