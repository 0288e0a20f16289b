import type { Client } from '@temporalio/client';
import { pipelineStatus } from '../operations/pipelines/pipeline-status.ts';

/** One look at the running demo. */
export interface Summary {
  /** Records that the readers have read. */
  readonly read: number;
  readonly handled: number;
  readonly lanes: { readonly healthy: number; readonly retrying: number; readonly blocked: number };
  readonly lagMs: number | undefined;
  readonly readers: number;
}

export async function summarize(client: Client, handled: number): Promise<Summary> {
  const { lanes, readers, records, shards } = await pipelineStatus(client, 'orders');
  const lags = shards.flatMap(({ lagMs }) => (lagMs === undefined ? [] : [lagMs]));
  return { read: records.accepted, handled, lanes, lagMs: lags.length === 0 ? undefined : Math.max(...lags), readers };
}

export function showSummary({ read, handled, lanes, lagMs, readers }: Summary): string {
  const { healthy, retrying, blocked } = lanes;
  return [
    `records read ${read}`,
    `events handled ${handled}`,
    `lanes: ${healthy} healthy, ${retrying} retrying, ${blocked} blocked`,
    `readers ${readers}`,
    `lag ${lagMs === undefined ? 'unknown' : `${(lagMs / 1000).toFixed(1)} s`}`,
  ].join('  |  ');
}
