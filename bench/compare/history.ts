/** What a run has left in the histories of its workflows, and what Temporal Cloud would bill for it. */
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { HistoryFigures } from './history-figures.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Histories that are read of each type of workflow; what they say stands for all of it. */
const SAMPLE = 300;

interface Runs {
  count: number;
  readonly sample: { readonly workflowId: string; readonly runId: string }[];
}

export async function historyFigures(client: Client): Promise<HistoryFigures> {
  const figures = { workflows: 0, events: 0, bytes: 0, actions: 0 };
  for (const { count, sample } of (await runsByType(client)).values()) {
    const sum = { events: 0, bytes: 0, actions: 0 };
    for (const { workflowId, runId } of sample) {
      const handle = client.workflow.getHandle(workflowId, runId);
      const { historySize = 0 } = await handle.describe();
      const { events } = await handle.fetchHistory();
      sum.events += events?.length ?? 0;
      sum.bytes += historySize;
      sum.actions += actionsOf(events ?? []);
    }
    const share = count / sample.length;
    figures.workflows += count;
    figures.events += sum.events * share;
    figures.bytes += sum.bytes * share;
    figures.actions += sum.actions * share;
  }
  return figures;
}

/** Every so many-th of each type, once there are many. */
async function runsByType(client: Client): Promise<ReadonlyMap<string, Runs>> {
  const types = new Map<string, Runs>();
  const { count } = await client.workflow.count();
  const every = Math.max(1, Math.floor(count / SAMPLE));
  for await (const { type, workflowId, runId } of client.workflow.list({ pageSize: 1000 })) {
    const runs = types.get(type) ?? { count: 0, sample: [] };
    types.set(type, runs);
    if (runs.count % every === 0) runs.sample.push({ workflowId, runId });
    runs.count += 1;
  }
  return types;
}

/**
 * Billable actions that a history shows: https://docs.temporal.io/cloud/actions. Heartbeats leave nothing there, nor do
 * queries.
 */
function actionsOf(events: readonly HistoryEvent[]): number {
  let actions = 0;
  for (const event of events) {
    const { activityTaskStartedEventAttributes: started } = event;
    if (
      event.workflowExecutionStartedEventAttributes ||
      event.workflowExecutionSignaledEventAttributes ||
      event.workflowExecutionUpdateAcceptedEventAttributes ||
      event.timerStartedEventAttributes ||
      event.upsertWorkflowSearchAttributesEventAttributes ||
      // With the start of the child itself it makes two.
      event.startChildWorkflowExecutionInitiatedEventAttributes
    )
      actions += 1;
    // All attempts: the history shows only the last one.
    if (started) actions += started.attempt ?? 1;
  }
  return actions;
}
