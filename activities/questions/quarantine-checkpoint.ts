import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { ShardCheckpoint } from '../../contracts/questions.ts';
import { QUERIES, quarantineWorkflowId } from '../../contracts/names.ts';
import { QUARANTINE_MARK } from '../../contracts/quarantine/record.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';

/**
 * Up to which number no record that the quarantine has brought can be brought again. All of them, while none is on its way:
 * those that it brings later have larger numbers. The same when there is no quarantine any more. One that was ended from
 * outside answers for as long as Temporal knows it: what it had on its way, the next one brings again.
 */
export async function readQuarantineCheckpoint(client: Client, pipeline: string): Promise<ShardCheckpoint> {
  const handle = client.workflow.getHandle(quarantineWorkflowId(pipeline));
  try {
    const { redrivingFrom, takesOver } = await handle.query<QuarantineView>(QUERIES.quarantine);
    if (takesOver !== undefined) return { ended: false };
    if (redrivingFrom === undefined) return { ended: true };
    return { ended: false, position: { shardId: QUARANTINE_MARK, sequenceNumber: String(redrivingFrom - 1) } };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { ended: true };
    throw error;
  }
}
