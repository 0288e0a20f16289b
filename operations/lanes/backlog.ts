import type { Client } from '@temporalio/client';
import { countOfSegment, eventsOfSegment } from '../../temporal/segment-events.ts';
import { QUERIES, segmentWorkflowId } from '../../contracts/names.ts';
import { parseBacklogView } from '../../contracts/lane/view-shapes.ts';
import {
  LARGEST_WINDOW,
  waitingEvent,
  type BacklogView,
  type BacklogWindow,
  type WaitingEvent,
} from '../../contracts/lane/waiting.ts';
import { describeLane } from './lane-view.ts';
import { askWorkflow } from '../../temporal/query.ts';

export interface BacklogPage {
  /** How many events lie before the first of these, the head included. */
  readonly skipped: number;
  readonly events: readonly WaitingEvent[];
  /** Events of the lane when it was asked, the head included. */
  readonly total: number;
}

const TIMEOUT_MS = 10_000;
/** Of segments, how many events they have. */
const ASKED_AT_ONCE = 16;

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
  wanted: BacklogWindow,
): Promise<BacklogPage> {
  const { taskQueue, workflowId } = await describeLane(client, pipeline, key);
  const window = { skip: wanted.skip, limit: Math.min(wanted.limit, LARGEST_WINDOW) };
  const parse = parseBacklogView;
  const asked = { workflowId, query: QUERIES.backlog, args: [window], parse, timeoutMs: TIMEOUT_MS, taskQueue };
  const view = await askWorkflow(client, asked);
  const end = window.skip + window.limit;
  const events = [...view.queue];
  let passed = view.before;
  for await (const { segment, count, taken } of countedSegments(client, pipeline, view)) {
    if (passed >= end) break;
    if (passed + count > window.skip) {
      const part = (await eventsOfSegment(client, segment)).slice(taken);
      const shown = part.slice(Math.max(0, window.skip - passed), end - passed);
      events.push(...shown.map((event) => waitingEvent(event)));
    }
    passed += count;
  }
  events.push(...view.tail);
  return { skipped: Math.min(window.skip, view.total), events, total: view.total };
}

/** With how many events each has left. */
async function* countedSegments(client: Client, pipeline: string, view: BacklogView) {
  const segments = [...segmentsOf(pipeline, view)];
  for (let from = 0; from < segments.length; from += ASKED_AT_ONCE) {
    const some = segments.slice(from, from + ASKED_AT_ONCE);
    const counts = await Promise.all(some.map(({ segment }) => countOfSegment(client, segment)));
    for (const [index, one] of some.entries()) yield { ...one, count: counts[index]! - one.taken };
  }
}

function* segmentsOf(pipeline: string, { segments, taken }: BacklogView) {
  let left = taken;
  for (const { epoch, first, last } of segments) {
    for (let number = first; number <= last; number += 1) {
      yield { segment: segmentWorkflowId(pipeline, { epoch, number }), taken: left };
      left = 0;
    }
  }
}
