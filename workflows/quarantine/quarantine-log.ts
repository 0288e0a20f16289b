import { log } from '@temporalio/workflow';
import { ownLine } from '../../contracts/own-line.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import { visibleText } from '../../lib/pure/visible.ts';

/** One line for the records of one request: after a bad deploy every record of a stream comes here. */
export function logQuarantined(pipeline: string, records: readonly QuarantinedRecord[]): void {
  const [first] = records;
  if (first === undefined) return;
  const fields = {
    pipeline,
    records: records.length,
    position: formatPosition(first.position),
    cause: visibleText(first.reason),
    list: `keylane quarantine list --pipeline ${pipeline}`,
  };
  log.warn('Records without a usable key went to the quarantine; this is the first of them', ownLine(fields));
}
