/** Pages of the history of a closed run, which Temporal keeps for the retention of the namespace. No worker is needed. */
import { Buffer } from 'node:buffer';
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import type { HistoryPlace, RunName } from '../../contracts/run.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payloads = temporal.api.common.v1.IPayloads | null | undefined;

/** A signal may have half a MiB. */
const EVENTS_PER_PAGE = 50;

export interface HistoryPage {
  readonly events: readonly HistoryEvent[];
  /** Token of the next page; null on the last one. */
  readonly next: string | null;
}

/** @param token of the page; null for the first one */
export async function readPage(client: Client, run: RunName, token: string | null): Promise<HistoryPage> {
  const { history, nextPageToken } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: run,
    maximumPageSize: EVENTS_PER_PAGE,
    ...(token === null ? {} : { nextPageToken: Buffer.from(token, 'base64') }),
  });
  const next = nextPageToken?.length ? Buffer.from(nextPageToken).toString('base64') : null;
  return { events: history?.events ?? [], next };
}

/** The run's argument, and where the part of its history begins that no workflow task has processed. */
export async function scanHistory(
  client: Client,
  run: RunName,
): Promise<{ readonly unseen: HistoryPlace; readonly input: Payloads }> {
  let unseen: HistoryPlace = { page: null, after: 0 };
  let input: Payloads;
  for (let page: string | null = null, isFirst = true; isFirst || page !== null; isFirst = false) {
    const { events, next }: HistoryPage = await readPage(client, run, page);
    if (isFirst) input = events[0]?.workflowExecutionStartedEventAttributes?.input;
    for (const { workflowTaskCompletedEventAttributes: completed } of events) {
      // The start of the task comes just before it, so everything after that start is on this page and later ones.
      if (completed != null) unseen = { page, after: Number(completed.startedEventId) };
    }
    page = next;
  }
  return { unseen, input };
}

export async function decodeFirst(client: Client, payloads: Payloads): Promise<unknown> {
  const [first] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads?.payloads);
  return first;
}

export function sizeOf(payloads: Payloads): number {
  return payloads?.payloads?.reduce((sum, { data }) => sum + (data?.length ?? 0), 0) ?? 0;
}
