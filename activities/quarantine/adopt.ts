import type { Client } from '@temporalio/client';
import type { LaneGateway } from '../../bridge/deliver/gateway.ts';
import { endedRun } from '../../temporal/latest-run.ts';
import { quarantineWorkflowId } from '../../contracts/names.ts';

/**
 * Has a quarantine that was ended from outside begun anew, by a signal that brings nothing. The next record without a key
 * would do it too; but that may be long, and Temporal forgets what it held after its retention (O5).
 */
export async function adoptQuarantine(
  client: Client,
  pipeline: string,
  gateway: LaneGateway,
  signal: AbortSignal,
): Promise<void> {
  if ((await endedRun(client, quarantineWorkflowId(pipeline))) === undefined) return;
  await gateway.send({ to: 'quarantine', records: [], leaseUntil: Date.now(), attempt: 1 }, signal);
}
