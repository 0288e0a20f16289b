import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import { formatPosition } from '../../../contracts/event/position.ts';
import type { EventInput, EventBatchInput } from '../../../contracts/execution/activities.ts';
import type { BatchInput } from '../../../contracts/pool/batch.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/**
 * The records of which a handler's answer may have been lost, as the histories of a lane or pool say: they were in an activity
 * of which Temporal lost an attempt, or to which the lane had not come back when it was terminated. They may be handled once
 * more (O7); no other may.
 */
export async function repeatable(client: Client, workflowId: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const { runId, status } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const isCutOff = status.name !== 'COMPLETED' && status.name !== 'CONTINUED_AS_NEW';
    for (const scheduled of lostOf(events ?? [], isCutOff)) {
      const { input } = scheduled.activityTaskScheduledEventAttributes ?? {};
      const [given] = await decodeArrayFromPayloads(client.options.loadedDataConverter, input?.payloads);
      for (const { position } of eventsOf(given)) names.add(formatPosition(position));
    }
  }
  return names;
}

function lostOf(events: readonly HistoryEvent[], isCutOff: boolean): HistoryEvent[] {
  const lost = new Set<string>();
  const seen = events.findLast((event) => event.workflowTaskCompletedEventAttributes != null);
  const lastSeen = Number(seen?.workflowTaskCompletedEventAttributes?.startedEventId ?? 0);
  const open = new Set<string>();
  for (const event of events) {
    const { activityTaskStartedEventAttributes: started, activityTaskTimedOutEventAttributes: timedOut } = event;
    if (event.activityTaskScheduledEventAttributes != null) open.add(String(event.eventId));
    const isAgain = started?.lastFailure != null && started.lastFailure.applicationFailureInfo?.type == null;
    if (started != null && isAgain) lost.add(String(started.scheduledEventId));
    if (timedOut != null) lost.add(String(timedOut.scheduledEventId));
    const ended =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskCanceledEventAttributes;
    if (ended != null && Number(event.eventId) < lastSeen) open.delete(String(ended.scheduledEventId));
  }
  if (isCutOff) for (const id of open) lost.add(id);
  return events.filter(({ eventId }) => lost.has(String(eventId)));
}

function eventsOf(given: unknown): readonly Pick<EventInput['event'], 'position'>[] {
  const { event, events, keys } = given as Partial<EventInput & EventBatchInput & BatchInput>;
  if (keys !== undefined) return keys.flatMap((each) => each.events);
  return events ?? (event === undefined ? [] : [event]);
}
