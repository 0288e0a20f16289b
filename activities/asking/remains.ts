/**
 * Reads what a run of a lane left behind that was ended from outside (O5). Temporal keeps its history for the retention
 * of the namespace: the state as of its last workflow task is what a query of it answers, and what came after that are
 * signals that no task has seen.
 */
import { Buffer } from 'node:buffer';
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import type { LaneInput, RecordsSignal } from '../../contracts/lane.ts';
import { QUERIES, SIGNALS } from '../../contracts/names.ts';
import {
  RUN_GONE,
  type LaneRemains,
  type LeftSignals,
  type Remains,
  type RunName,
  type SignalsFrom,
} from '../../contracts/remains.ts';
import { unlessGone } from './unless-gone.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Events of a page when looking for a place. */
const SCANNED_PER_PAGE = 500;
/** Signals go into the history of the lane that takes them over; one may have half a MiB. */
const SIGNALS_PER_PAGE = 2;
const BYTES_PER_ANSWER = 256 * 1024;

interface HistoryPage {
  readonly events: readonly HistoryEvent[];
  readonly next: string | undefined;
}

export async function readRemains(client: Client, run: RunName): Promise<Remains> {
  return await unlessGone(RUN_GONE, `run ${run.runId} of ${run.workflowId}`, () => remainsOf(client, run));
}

async function remainsOf(client: Client, run: RunName): Promise<Remains> {
  const { after, firstInput } = await scan(client, run);
  const input = await decodeFirst<LaneInput>(client, firstInput);
  // A run without a workflow task cannot be queried, and has done nothing but be started.
  const known: Partial<LaneRemains> =
    after === 0
      ? {
          ...(input?.carried && { state: input.carried }),
          ...(input?.predecessor && { predecessor: input.predecessor }),
        }
      : await client.workflow.getHandle(run.workflowId, run.runId).query<LaneRemains>(QUERIES.remains);
  const { predecessor, state } = known;
  if (predecessor !== undefined) return { kind: 'took over', predecessor, from: { after: 0 } };
  return { kind: 'held', from: { after }, ...(state === undefined ? {} : { state }) };
}

/** Signals `records` that no workflow task of the run has seen, in their order, some at a time. */
export async function readLeftSignals(client: Client, run: RunName, from: SignalsFrom): Promise<LeftSignals> {
  return await unlessGone(RUN_GONE, `run ${run.runId} of ${run.workflowId}`, () => leftSignals(client, run, from));
}

async function leftSignals(client: Client, run: RunName, { page, after }: SignalsFrom): Promise<LeftSignals> {
  const signals: RecordsSignal[] = [];
  let bytes = 0;
  for (let token = page; ;) {
    const { events, next } = await readPage(client, run, token, SIGNALS_PER_PAGE);
    for (const { eventId, workflowExecutionSignaledEventAttributes: signaled } of events) {
      if (Number(eventId) <= after || signaled?.signalName !== SIGNALS.records) continue;
      const signal = await decodeFirst<RecordsSignal>(client, signaled.input);
      if (signal !== undefined) signals.push(signal);
      bytes += signaled.input?.payloads?.reduce((sum, { data }) => sum + (data?.length ?? 0), 0) ?? 0;
    }
    if (next === undefined) return { signals };
    if (bytes >= BYTES_PER_ANSWER) return { signals, next: { page: next, after } };
    token = next;
  }
}

/** Id of the event up to which workflow tasks have seen the history: 0 when there was none. */
async function scan(client: Client, run: RunName) {
  let after = 0;
  let started: HistoryEvent['workflowExecutionStartedEventAttributes'];
  for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
    const page = await readPage(client, run, token, SCANNED_PER_PAGE);
    if (isFirst) started = page.events[0]?.workflowExecutionStartedEventAttributes;
    for (const { workflowTaskCompletedEventAttributes: completed } of page.events) {
      if (completed != null) after = Number(completed.startedEventId);
    }
    token = page.next;
  }
  return { after, firstInput: started?.input };
}

async function readPage(client: Client, run: RunName, token: string | undefined, most: number): Promise<HistoryPage> {
  const { history, nextPageToken } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: run,
    maximumPageSize: most,
    ...(token === undefined ? {} : { nextPageToken: Buffer.from(token, 'base64') }),
  });
  const next = nextPageToken?.length ? Buffer.from(nextPageToken).toString('base64') : undefined;
  return { events: history?.events ?? [], next };
}

async function decodeFirst<T>(
  client: Client,
  payloads: temporal.api.common.v1.IPayloads | null | undefined,
): Promise<T | undefined> {
  const [first] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads?.payloads);
  return first as T | undefined;
}
