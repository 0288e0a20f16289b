import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { ShardCheckpoint } from '../../contracts/questions.ts';
import { QUERIES, quarantineWorkflowId } from '../../contracts/names.ts';
import { QUARANTINE_MARK } from '../../contracts/quarantine/record.ts';
import { parseQuarantineView } from '../../contracts/quarantine/parse.ts';

/**
 * The redrive sequence up to which the quarantine redrives no record again. Everything, while it redrives none: later records
 * have larger numbers. The same when there is no quarantine anymore. One that was terminated externally answers for as long
 * as Temporal has it: the next run continues with the records that it was redriving.
 */
export async function readQuarantineCheckpoint(client: Client, pipeline: string): Promise<ShardCheckpoint> {
  const handle = client.workflow.getHandle(quarantineWorkflowId(pipeline));
  try {
    const { redrivingFrom, recovering } = parseQuarantineView(await handle.query(QUERIES.quarantine));
    if (recovering !== undefined) return { ended: false };
    if (redrivingFrom === undefined) return { ended: true };
    return { ended: false, position: { shardId: QUARANTINE_MARK, sequenceNumber: String(redrivingFrom - 1) } };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { ended: true };
    throw error;
  }
}
