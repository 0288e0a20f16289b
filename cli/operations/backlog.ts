import type { Client } from '@temporalio/client';
import { eventsOfSegment } from '../../activities/asking/segment-events.ts';
import { QUERIES, segmentWorkflowId } from '../../contracts/names.ts';
import { waitingEvent, type BacklogView, type WaitingEvent } from '../../contracts/waiting.ts';
import { describeLane } from './lane-view.ts';
import { askWorkflow } from './query.ts';

export interface BacklogPage {
  /** How many events lie before the first of these, the head included. */
  readonly skipped: number;
  readonly events: readonly WaitingEvent[];
  /** Events of the lane when it was asked, the head included. */
  readonly total: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Some of what waits in a lane, in order; the head is the first. A lane goes on meanwhile: what it has handled since it
 * was asked may be among these.
 * @throws {NoSuchLaneError}
 * @throws {NoWorkerError}
 */
export async function backlogPage(
  client: Client,
  pipeline: string,
  key: string,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<BacklogPage> {
  const { taskQueue, workflowId } = await describeLane(client, pipeline, key);
  const asked = { workflowId, query: QUERIES.backlog, timeoutMs: TIMEOUT_MS, taskQueue };
  const view = await askWorkflow<BacklogView>(client, asked);
  const events: WaitingEvent[] = [];
  let passed = 0;
  for await (const part of partsOf(client, pipeline, view)) {
    events.push(...part.slice(Math.max(0, skip - passed), Math.max(0, skip + limit - passed)));
    passed += part.length;
    if (passed >= skip + limit) break;
  }
  return { skipped: Math.min(skip, view.total), events, total: view.total };
}

async function* partsOf(client: Client, pipeline: string, view: BacklogView): AsyncGenerator<readonly WaitingEvent[]> {
  yield view.queue;
  let taken = view.taken;
  for (const { epoch, first, last } of view.segments) {
    for (let number = first; number <= last; number += 1) {
      const events = await eventsOfSegment(client, segmentWorkflowId(pipeline, { epoch, number }));
      yield events.slice(taken).map((event) => waitingEvent(event));
      taken = 0;
    }
  }
  yield view.tail;
}
