import type { Client } from '@temporalio/client';
import type { LaneGateway } from '../../bridge/deliver/gateway.ts';
import { endedRun } from '../../temporal/latest-run.ts';
import { quarantineWorkflowId } from '../../contracts/names.ts';

/**
 * Restarts a quarantine that was terminated externally, by a signal without records. The next record without a key
 * would do that too, but it may come late, and Temporal deletes what the quarantine held after the namespace's
 * retention (O5).
 */
export async function recoverQuarantine(
  client: Client,
  pipeline: string,
  gateway: LaneGateway,
  signal: AbortSignal,
): Promise<void> {
  if ((await endedRun(client, quarantineWorkflowId(pipeline))) === undefined) return;
  await gateway.send({ to: 'quarantine', records: [], leaseUntil: Date.now(), attempt: 1 }, signal);
}
