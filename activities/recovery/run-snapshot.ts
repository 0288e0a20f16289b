/**
 * Reads what a run of a lane left behind that was ended from outside (O5). Temporal keeps its history for the retention
 * of the namespace: the state as of its last workflow task is what a query of it answers, and what came after that are
 * signals that no task has seen.
 */
import { Buffer } from 'node:buffer';
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import type { LaneEvent } from '../../contracts/event/event.ts';
import type { LaneInput, RecordsSignal } from '../../contracts/lane/messages.ts';
import { QUERIES, SIGNALS } from '../../contracts/names.ts';
import { RUN_GONE, type RunName, type SignalsFrom } from '../../contracts/run.ts';
import type { LaneRemains, LeftSignals, Remains } from '../../contracts/recovery.ts';
import { unlessGone } from '../../temporal/unless-gone.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** A signal may have half a MiB. */
const EVENTS_PER_PAGE = 50;
/** Signals go into the history of the lane that takes them over. One more may be in it. */
const BYTES_PER_ANSWER = 256 * 1024;

interface HistoryPage {
  readonly events: readonly HistoryEvent[];
  readonly next: string | undefined;
}

export async function readRemains(client: Client, run: RunName): Promise<Remains> {
  return await unlessGone(RUN_GONE, `run ${run.runId} of ${run.workflowId}`, () => remainsOf(client, run));
}

async function remainsOf(client: Client, run: RunName): Promise<Remains> {
  const { from, firstInput } = await scan(client, run);
  // A run without a workflow task cannot be queried, and has done nothing but be started.
  const known =
    from.after === 0
      ? startOf(await decodeFirst<LaneInput>(client, firstInput))
      : await client.workflow.getHandle(run.workflowId, run.runId).query<LaneRemains>(QUERIES.remains);
  const { predecessor, queue, state, tail } = known;
  if (predecessor !== undefined) return { kind: 'took over', predecessor, from: { after: 0 } };
  return {
    kind: 'held',
    from,
    tail,
    ...(state === undefined ? {} : { state }),
    ...(queue === undefined ? {} : { queue }),
  };
}

function startOf({ carried, predecessor }: Partial<LaneInput> = {}): Partial<LaneRemains> & { readonly tail: number } {
  return { tail: 0, ...(carried && { state: carried }), ...(predecessor && { predecessor }) };
}

export async function readLeftTail(client: Client, run: RunName, from: number): Promise<readonly LaneEvent[]> {
  return await unlessGone(RUN_GONE, `run ${run.runId} of ${run.workflowId}`, () =>
    client.workflow.getHandle(run.workflowId, run.runId).query<readonly LaneEvent[], [number]>(QUERIES.tail, from),
  );
}

/** Signals `records` that no workflow task of the run has seen, in their order, some at a time. */
export async function readLeftSignals(client: Client, run: RunName, from: SignalsFrom): Promise<LeftSignals> {
  return await unlessGone(RUN_GONE, `run ${run.runId} of ${run.workflowId}`, () => leftSignals(client, run, from));
}

async function leftSignals(client: Client, run: RunName, from: SignalsFrom): Promise<LeftSignals> {
  const signals: RecordsSignal[] = [];
  let bytes = 0;
  for (let { page, after } = from; ;) {
    const { events, next } = await readPage(client, run, page);
    for (const { eventId, workflowExecutionSignaledEventAttributes: signaled } of events) {
      if (Number(eventId) <= after) continue;
      if (bytes >= BYTES_PER_ANSWER) return { signals, next: { ...(page === undefined ? {} : { page }), after } };
      after = Number(eventId);
      if (signaled?.signalName !== SIGNALS.records) continue;
      const signal = await decodeFirst<RecordsSignal>(client, signaled.input);
      if (signal !== undefined) signals.push(signal);
      bytes += signaled.input?.payloads?.reduce((sum, { data }) => sum + (data?.length ?? 0), 0) ?? 0;
    }
    if (next === undefined) return { signals };
    page = next;
  }
}

/** From where on no workflow task has seen the history. `after` is 0 when there was none. */
async function scan(client: Client, run: RunName) {
  let from: SignalsFrom = { after: 0 };
  let started: HistoryEvent['workflowExecutionStartedEventAttributes'];
  for (let page: string | undefined, isFirst = true; isFirst || page !== undefined; isFirst = false) {
    const { events, next } = await readPage(client, run, page);
    if (isFirst) started = events[0]?.workflowExecutionStartedEventAttributes;
    for (const { workflowTaskCompletedEventAttributes: completed } of events) {
      // The task's start comes just before it: all that is behind that is on this page and later ones.
      if (completed != null)
        from = { ...(page === undefined ? {} : { page }), after: Number(completed.startedEventId) };
    }
    page = next;
  }
  return { from, firstInput: started?.input };
}

async function readPage(client: Client, run: RunName, token: string | undefined): Promise<HistoryPage> {
  const { history, nextPageToken } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: run,
    maximumPageSize: EVENTS_PER_PAGE,
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
