import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import { SEGMENT_GONE } from '../contracts/lane/backlog.ts';
import { SIGNALS } from '../contracts/names.ts';
import { parseDecided, parseQuarantineSegment } from '../contracts/quarantine/parse.ts';
import type { QuarantinedRecord } from '../contracts/quarantine/record.ts';
import { unlessGone } from './unless-gone.ts';

type Payloads = temporal.api.common.v1.IPayloads | null | undefined;

export interface SegmentRecords {
  readonly records: readonly QuarantinedRecord[];
  /** Indexes of records that are no longer in the quarantine: all of them when the segment was closed. */
  readonly decided: ReadonlySet<number>;
}

/**
 * The records of a quarantine's segment. All of them are in its history, so no worker is needed: the records are its
 * argument, and signals say which of them are no longer in the quarantine.
 */
export async function readSegmentRecords(client: Client, workflowId: string): Promise<SegmentRecords> {
  const { loadedDataConverter, namespace } = client.options;
  const decode = async (payloads: Payloads) =>
    (await decodeArrayFromPayloads(loadedDataConverter, payloads?.payloads))[0];
  let records: readonly QuarantinedRecord[] | undefined;
  let decided = new Set<number>();
  let isClosed = false;
  for (let nextPageToken: Uint8Array | undefined, isFirst = true; isFirst || nextPageToken?.length; isFirst = false) {
    const page = await unlessGone(SEGMENT_GONE, `segment ${workflowId}`, () =>
      client.workflowService.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId },
        ...(nextPageToken === undefined ? {} : { nextPageToken }),
      }),
    );
    for (const event of page.history?.events ?? []) {
      const { workflowExecutionStartedEventAttributes: started, workflowExecutionSignaledEventAttributes: signaled } =
        event;
      if (started != null) records = parseQuarantineSegment(await decode(started.input)).records;
      if (signaled?.signalName === SIGNALS.close) isClosed = true;
      if (signaled?.signalName !== SIGNALS.decided) continue;
      const signal = parseDecided(await decode(signaled.input));
      if ('value' in signal) for (const index of signal.value.indexes) decided.add(index);
    }
    nextPageToken = page.nextPageToken ?? undefined;
  }
  if (isClosed) decided = new Set(records?.keys());
  if (records !== undefined) return { records, decided };
  throw ApplicationFailure.nonRetryable(`${workflowId} has no records`, SEGMENT_GONE);
}

/** The same; undefined when the segment is no longer in Temporal. */
export async function readSegmentUnlessGone(client: Client, workflowId: string): Promise<SegmentRecords | undefined> {
  try {
    return await readSegmentRecords(client, workflowId);
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === SEGMENT_GONE) return undefined;
    throw error;
  }
}
