import type { Client } from '@temporalio/client';
import type { LaneEvent } from '../../contracts/event.ts';
import { formatPosition } from '../../contracts/position.ts';

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
