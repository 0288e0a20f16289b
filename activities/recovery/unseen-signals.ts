import type { Client } from '@temporalio/client';
import { SIGNALS } from '../../contracts/names.ts';
import type { SignalsPage } from '../../contracts/recovery/messages.ts';
import type { HistoryPlace, RunName } from '../../contracts/run.ts';
import { decodeFirst, readPage, sizeOf } from './run-history.ts';

/** The answer goes into the history of the run that recovers. One signal more may be in it. */
const MAX_BYTES_PER_ANSWER = 256 * 1024;

/** Signals `records` that no workflow task of the run has processed, in order, a limited number at a time. */
export async function readUnseenSignals(client: Client, run: RunName, from: HistoryPlace): Promise<SignalsPage> {
  const signals: unknown[] = [];
  let bytes = 0;
  for (let { page, after } = from; ;) {
    const { events, next } = await readPage(client, run, page);
    for (const { eventId, workflowExecutionSignaledEventAttributes: signaled } of events) {
      if (Number(eventId) <= after) continue;
      if (bytes >= MAX_BYTES_PER_ANSWER) return { kind: 'signals', signals, next: { page, after } };
      after = Number(eventId);
      if (signaled?.signalName !== SIGNALS.records) continue;
      signals.push((await decodeFirst(client, signaled.input)) ?? null);
      bytes += sizeOf(signaled.input);
    }
    if (next === null) return { kind: 'signals', signals, next: null };
    page = next;
  }
}
