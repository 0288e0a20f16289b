/** Attempts that begin or end while their lane is about to stop them, counted on a real server. */
import { afterEach, expect, test } from 'vitest';
import type { Handler } from '../../contracts/public/handler.ts';
import type { PendingEvent } from '../../contracts/questions.ts';
import { createQuestionActivities } from '../../activities/questions/question-activities.ts';
import { eventually } from '../support/eventually.ts';
import { laneEvent } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';

const WAIT_MS = 1000;
const MAX_ATTEMPTS = 5;
/** Longer than an attempt takes whose handler fails at once, so that it would be over. */
const ATTEMPT_MS = 300;

let lanes: LaneHarness;
afterEach(() => lanes.stop());

/** What Temporal knows of the key's pending event now. */
async function pendingEvent(): Promise<PendingEvent | null> {
  const { runId } = await lanes.lane('a').describe();
  return await createQuestionActivities(lanes.client).pendingEvent({ workflowId: lanes.lane('a').workflowId, runId });
}

interface Course {
  readonly calls: number[];
  readonly lane?: { readonly signalsPerRun?: number; readonly heartbeatTimeoutMs?: number };
  /** @default it fails at once */
  readonly handler?: Handler;
  /** Temporal has answered the lane. */
  readonly onAnswer?: () => void;
  /** @default until the event is in another state than the lane is being told */
  readonly holdUp?: (answer: PendingEvent) => Promise<void>;
}

async function start({ calls, handler, holdUp = untilOtherwise, lane, onAnswer }: Course): Promise<void> {
  lanes = await LaneHarness.start({
    handler: async (event, context) => {
      calls.push(context.attempt);
      await handler?.(event, context);
      throw new Error('down');
    },
    handling: {
      retry: { maxAttempts: MAX_ATTEMPTS, initialIntervalMs: WAIT_MS, backoff: 1, maxIntervalMs: WAIT_MS },
      timeoutMs: 60_000,
    },
    // No attempt may be lost because the machine is slow: it would be made again, as it should.
    lane: { heartbeatTimeoutMs: 60_000, ...lane },
    holdUpPendingEvent: async (answer) => {
      onAnswer?.();
      await holdUp(answer);
    },
  });
}

async function untilOtherwise(answer: PendingEvent): Promise<void> {
  await eventually(async () => {
    const now = await pendingEvent();
    return now?.attempt !== answer.attempt || now.isRunning !== answer.isRunning;
  }, 8000);
  await new Promise((resolve) => setTimeout(resolve, ATTEMPT_MS));
}

async function untilBlocked(): Promise<void> {
  await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
  expect((await lanes.view('a')).phase).toMatchObject({ attempts: MAX_ATTEMPTS });
}

test('O7 an attempt that is due while a verb stops its event is not made twice', async () => {
  const calls: number[] = [];
  await start({ calls });
  await lanes.send('a', [laneEvent(1)]);
  await eventually(async () => (await pendingEvent())?.nextAttemptAt !== undefined);
  await lanes.decide('a', 'pause');
  expect((await lanes.view('a')).phase).toMatchObject({ held: { state: 'retrying', attempts: calls.length } });
  await lanes.decide('a', 'resume');
  await untilBlocked();
  expect(calls).toEqual([1, 2, 3, 4, 5]);
});

test('O7 attempts that are due while the lane has to continue as new are not made twice', async () => {
  const calls: number[] = [];
  await start({ calls, lane: { signalsPerRun: 2 } });
  await lanes.send('a', [laneEvent(1)]);
  await eventually(async () => (await pendingEvent())?.nextAttemptAt !== undefined);
  const { runId } = await lanes.lane('a').describe();
  // So many that the run waits no longer for what runs.
  for (let n = 2; n <= 8; n += 1) await lanes.send('a', [laneEvent(n)]);
  await untilBlocked();
  expect((await lanes.lane('a').describe()).runId).not.toBe(runId);
  expect(calls).toEqual([1, 2, 3, 4, 5]);
});

test('O7 an attempt that fails before the request to stop has reached Temporal is not made twice', async () => {
  const calls: number[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await start({
    calls,
    handler: async (_event, { attempt }) => (attempt === 2 ? await released : undefined),
    onAnswer: () => release(),
  });
  await lanes.send('a', [laneEvent(1)]);
  await eventually(() => calls.length === 2);
  await lanes.decide('a', 'pause');
  expect((await lanes.view('a')).phase).toMatchObject({ held: { state: 'retrying', attempts: 2 } });
  await lanes.decide('a', 'resume');
  await untilBlocked();
  expect(calls).toEqual([1, 2, 3, 4, 5]);
});

test('O7 an attempt that was broken off by a verb is made again under its number', async () => {
  const calls: number[] = [];
  await start({
    calls,
    handler: async (_event, { signal }) => {
      if (calls.length !== 2) return;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
    holdUp: async () => undefined,
    // The handler hears that it is to stop with the next heartbeat.
    lane: { heartbeatTimeoutMs: 6000 },
  });
  await lanes.send('a', [laneEvent(1)]);
  await eventually(() => calls.length === 2);
  await lanes.decide('a', 'pause');
  expect((await lanes.view('a')).phase).toMatchObject({ held: { state: 'retrying', attempts: 1 } });
  await lanes.decide('a', 'resume');
  await untilBlocked();
  expect(calls).toEqual([1, 2, 2, 3, 4, 5]);
});
