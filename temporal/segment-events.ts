import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { SEGMENT_GONE, type SegmentSlice, type SliceAnswer } from '../contracts/lane/backlog.ts';
import { parseSegmentInput, parseSegmentMemo } from '../contracts/lane/parse.ts';
import { argumentOf } from './run-argument.ts';
import type { LaneEvent } from '../contracts/event/event.ts';
import { unlessGone } from './unless-gone.ts';
import { countWithin } from '../contracts/event/weight.ts';

/** All events of a segment. They are its argument, so its first event has them, and no worker is needed. */
export async function eventsOfSegment(client: Client, workflowId: string): Promise<readonly LaneEvent[]> {
  const input = await unlessGone(SEGMENT_GONE, `segment ${workflowId}`, () =>
    argumentOf(client, { workflowId }, parseSegmentInput),
  );
  if (input === undefined) throw ApplicationFailure.nonRetryable(`${workflowId} has no events`, SEGMENT_GONE);
  return input.events;
}

/** How many events a segment has. Much cheaper than reading them. */
export async function countOfSegment(client: Client, workflowId: string): Promise<number> {
  const { memo } = await unlessGone(SEGMENT_GONE, `segment ${workflowId}`, () =>
    client.workflow.getHandle(workflowId).describe(),
  );
  return parseSegmentMemo(memo)?.count ?? 0;
}

/** The next events of a segment for its lane, as many as the lane's state may hold. */
export async function readSlice(client: Client, { segment, from, limits }: SegmentSlice): Promise<SliceAnswer> {
  const all = await eventsOfSegment(client, segment);
  const remaining = all.slice(from);
  if (remaining.length === 0) {
    throw ApplicationFailure.nonRetryable(`${segment} has no event ${from}, it has ${all.length}`, SEGMENT_GONE);
  }
  const events = remaining.slice(0, countWithin(remaining, limits));
  return { events, last: events.length === remaining.length };
}
