/** Work that comes to a process without its pipeline: it goes to another one, with all that is known of it (fault B10). */
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { createHandlingActivities } from '../../../../activities/execution/execution-activities.ts';
import { FreezeWatch } from '../../../../lib/node/freeze-watch.ts';
import type { EventInput, EventBatchInput } from '../../../../contracts/execution/activities.ts';
import type { Outcome, Outcomes } from '../../../../contracts/execution/outcome.ts';
import { onlyOutcome, readOutcomes } from '../../../../contracts/execution/outcome-codec.ts';
import { DEFAULT_LANE_OPTIONS } from '../../../../contracts/lane/options.ts';
import type { LaneState } from '../../../../contracts/lane/state.ts';
import type { BatchInput } from '../../../../contracts/pool/batch.ts';
import { emptyLane, lossesOfHead, next, batchEnded, batchStarted } from '../../../../workflows/lane/core/machine.ts';
import { laneEvent, POLICY } from '../../../support/lane-events.ts';
import { log } from '../../../support/log.ts';
import { QUICK_RETRIES } from '../../../support/lane-worker.ts';

const events = Array.from({ length: 50 }, (_, index) => laneEvent(index + 1));
const input = { pipeline: 'orders', key: 'k', events };
// It does not wait, since it is to stop anyway.
const stopping = AbortSignal.abort();

function activities(hasPipeline: boolean, stop = stopping) {
  return createHandlingActivities({
    pipeline: () => {
      if (!hasPipeline) throw new Error('no such pipeline');
      return { handler: () => {}, settings: { ...QUICK_RETRIES, retry: POLICY } };
    },
    client: {} as never,
    freezeWatch: new FreezeWatch(),
    stopping: stop,
    log,
  });
}

function bound(hasPipeline: boolean, stop = stopping) {
  const own = activities(hasPipeline, stop);
  return {
    runEvents: async (batch: EventBatchInput) => await own.runEvents(batch),
    runBatch: async (batch: BatchInput) => await own.runBatch(batch),
    runEvent: async (event: EventInput) => await own.runEvent(event),
  };
}

describe('a batch that comes to a process without its pipeline', () => {
  test('keeps what was done before, and how often it was lost (fault B10)', async () => {
    const { runEvents } = bound(false);
    const first = new MockActivityEnvironment();
    const outcomeOf = async (env: MockActivityEnvironment, given: EventBatchInput): Promise<Outcome> =>
      onlyOutcome(readOutcomes(await env.run(runEvents, given), [events.length]) as Outcomes);
    expect(await outcomeOf(first, input)).toEqual({ kind: 'not started', succeeded: 0 });
    const third = new MockActivityEnvironment({ attempt: 3, heartbeatDetails: { succeeded: [40] } });
    expect(await outcomeOf(third, input)).toEqual({ kind: 'stopped', succeeded: 40, lostBefore: true, losses: 2 });
    const again = new MockActivityEnvironment({ attempt: 2 });
    const lostAgain = { kind: 'not started', succeeded: 0, lostBefore: true, losses: 2 };
    expect(await outcomeOf(again, { ...input, losses: 1 })).toEqual(lostAgain);
    const whole = new MockActivityEnvironment({ attempt: 2, heartbeatDetails: { succeeded: [50] } });
    expect(await outcomeOf(whole, input)).toMatchObject({ kind: 'succeeded', succeeded: 50 });
  });

  test('tells Temporal while it waits what was done before (fault B10)', async () => {
    const stop = new AbortController();
    const heartbeatDetails = { succeeded: [40] };
    const env = new MockActivityEnvironment({ attempt: 2, heartbeatDetails, heartbeatTimeoutMs: 30 });
    const beats: unknown[] = [];
    env.on('heartbeat', (details) => {
      beats.push(details);
      if (beats.length === 2) stop.abort();
    });
    expect(await env.run(bound(false, stop.signal).runEvents, input)).toMatchObject({ succeeded: [40] });
    expect(beats).toEqual([heartbeatDetails, heartbeatDetails]);
  });

  test('is found to kill processes all the same: losses of several activities add up (fault B10)', async () => {
    let lane: LaneState = { ...emptyLane(0), queue: events };
    for (const losses of [1, 2]) {
      lane = batchStarted(lane, lane.isolateNext > 0 ? 1 : events.length);
      lane = batchEnded(lane, { kind: 'stopped', succeeded: 0, lostBefore: true, losses }, POLICY, 0);
      expect(lossesOfHead(lane)).toBe(losses);
      expect(next(lane, DEFAULT_LANE_OPTIONS)).toMatchObject({ kind: 'batch', events: [events[0]] });
    }
    const env = new MockActivityEnvironment({ attempt: 2 });
    const batch = { ...input, events: events.slice(0, 1), losses: lossesOfHead(lane) };
    const outcome = onlyOutcome(readOutcomes(await env.run(bound(true).runEvents, batch), [1]) as Outcomes);
    expect(outcome).toMatchObject({ kind: 'failed', succeeded: 0, failure: { type: 'HeartbeatTimeout' } });
    lane = batchEnded(batchStarted(lane, 1), outcome, POLICY, 0);
    expect(lossesOfHead(lane)).toBe(0);
  });

  test('of an event that has been run since, no losses are remembered', () => {
    const lane = batchEnded(
      batchStarted({ ...emptyLane(0), queue: events }, 50),
      { kind: 'stopped', succeeded: 0, lostBefore: true, losses: 2 },
      POLICY,
      0,
    );
    const done = batchEnded(batchStarted(lane, 1), { kind: 'succeeded', succeeded: 1 }, POLICY, 0);
    expect(lossesOfHead(done)).toBe(0);
    expect(lossesOfHead({ ...lane, queue: lane.queue.slice(1) })).toBe(0);
  });
});

test('a batch that comes to a process without its pipeline was not started, and says so (fault B10)', async () => {
  const keys = [
    { key: 'a', events: events.slice(0, 2), losses: 2 },
    { key: 'b', events: events.slice(2, 3) },
  ];
  const { runBatch } = bound(false);
  const back = { kind: 'not started' };
  expect(
    await new MockActivityEnvironment().run(runBatch, { pipeline: 'orders', batch: 1, keys, slowAfterMs: 10 }),
  ).toEqual({
    succeeded: [0, 0],
    more: { 0: back, 1: back },
  });
});

test('an event that comes to a process without its pipeline keeps its attempts (fault B10)', async () => {
  const { runEvent } = bound(false);
  const env = new MockActivityEnvironment({ attempt: 4 });
  const event = { pipeline: 'orders', key: 'k', event: events[0]!, attemptsBefore: 3 };
  await expect(env.run(runEvent, event)).rejects.toMatchObject({
    details: [{ succeeded: [0], more: { 0: { kind: 'stopped', attempts: 6 } } }],
  });
});
