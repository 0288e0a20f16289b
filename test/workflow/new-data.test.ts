/** New data that people give, and lanes that hold much, on a real Temporal server: nothing of it makes the server end a lane. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endedRun } from '../../temporal/latest-run.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { DEFAULT_LANE_OPTIONS } from '../../contracts/lane/options.ts';
import type { LaneInput } from '../../contracts/lane/messages.ts';
import { MAX_INLINE_BYTES } from '../../contracts/event/large-events.ts';
import { SEARCH_ATTRIBUTES, SIGNALS, WORKFLOW_TYPES } from '../../contracts/names.ts';
import { eventually } from '../support/eventually.ts';
import { laneEvent } from '../support/lane-events.ts';
import { LaneHarness } from '../support/lane-harness.ts';

let lanes: LaneHarness;
const handled = new Map<string, number[]>();
/** Keys of which every event fails. */
const isStuck = new Set<string>();

beforeAll(async () => {
  lanes = await LaneHarness.start({
    handler: ({ data, key }) => {
      if (data.length < 100 || isStuck.has(key)) throw new Error(`${data.length} bytes are too few`);
      handled.set(key, [...(handled.get(key) ?? []), data.length]);
    },
  });
});
afterAll(() => lanes.stop());

async function blocked(key: string): Promise<void> {
  await lanes.send(key, [laneEvent(1)]);
  await eventually(async () => (await lanes.view(key)).phase.state === 'blocked');
}

test('O5 new data that a lane could not carry is refused, and the lane stays open and blocked (fault D4)', async () => {
  await blocked('large');
  const lane = lanes.lane('large');
  for (const text of ['x'.repeat(2_096_008), 'x'.repeat(MAX_INLINE_BYTES + 1), '"'.repeat(1_000_000)]) {
    await expect(lanes.decide('large', 'replace', { text })).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^Cannot replace: the new data takes .* may take 1 MiB/) },
    });
    await lane.signal('replace', { text });
  }
  await eventually(async () => (await lanes.view('large')).decisions.length === 3);
  const { decisions, phase } = await lanes.view('large');
  expect(decisions.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'refused']);
  expect(phase.state).toBe('blocked');
  expect((await lane.describe()).status.name).toBe('RUNNING');
  const max = 'x'.repeat(MAX_INLINE_BYTES - 11);
  await lanes.decide('large', 'replace', { text: max });
  await eventually(() => handled.get('large')?.[0] === max.length);
});

test('O5 a lane that holds more than Temporal takes in an answer is recovered in pages (fault D6)', async () => {
  const key = 'recovered';
  await blocked(key);
  isStuck.add(key);
  // As a lane of an earlier version may hold it, which had no bound: with the reasons of its decisions more than 2 MiB.
  const data = { text: 'x'.repeat(2_080_000) };
  await lanes.decide(key, 'pause');
  await lanes.send(key, [{ ...laneEvent(2), data, size: data.text.length }]);
  await lanes.decide(key, 'skip');
  for (let round = 0; round < 10; round += 1) {
    await lanes.decide(key, 'resume', { reason: 'r'.repeat(2000) }).catch(() => undefined);
    await lanes.decide(key, 'pause', { reason: 'r'.repeat(2000) }).catch(() => undefined);
  }
  await lanes.lane(key).terminate('a test');
  const workflowId = laneWorkflowId(lanes.pipeline, key);
  const input: LaneInput = {
    version: 1,
    pipeline: lanes.pipeline,
    key,
    options: { ...DEFAULT_LANE_OPTIONS, heartbeatTimeoutMs: 1000 },
    predecessor: (await endedRun(lanes.client, workflowId))!,
  };
  const last = { ...laneEvent(4), data: { text: 'y'.repeat(100) }, size: 100 };
  await lanes.client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
    workflowId,
    taskQueue: lanes.taskQueue,
    args: [input],
    signal: SIGNALS.records,
    signalArgs: [{ leaseUntil: Date.now() + 60_000, events: [last] }],
  });
  await eventually(async () => statusOf(await lanes.lane(key).describe()) === 'paused', 30_000);
  isStuck.delete(key);
  await lanes.decide(key, 'resume');
  await eventually(async () => {
    await lanes.decide(key, 'retry').catch(() => undefined);
    return handled.get(key)?.length === 2;
  }, 30_000);
  expect(handled.get(key)).toEqual([2_080_000, 100]);
});

function statusOf({ typedSearchAttributes }: WorkflowExecutionDescription): unknown {
  return typedSearchAttributes.getAll().find(({ key }) => key.name === SEARCH_ATTRIBUTES.status)?.value;
}
