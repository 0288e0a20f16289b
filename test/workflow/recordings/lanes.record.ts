/** Records histories of lanes, which test/workflow/replay.test.ts replays. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { endedRun } from '../../../temporal/latest-run.ts';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import { DEFAULT_LANE_OPTIONS, type LaneOptions } from '../../../contracts/lane/options.ts';
import type { LaneInput } from '../../../contracts/lane/messages.ts';
import { LARGE_EVENT } from '../../../contracts/event/large-events.ts';
import { SIGNALS, WORKFLOW_TYPES } from '../../../contracts/names.ts';
import type { Position } from '../../../contracts/event/position.ts';
import { claimOf, Claims } from '../../../stores/claims.ts';
import { FolderStore } from '../../../stores/folder-store.ts';
import { installRuntime } from '../../../worker/runtime.ts';
import { eventually } from '../../support/eventually.ts';
import { laneEvent, laneEvents, POLICY } from '../../support/lane-events.ts';
import { LaneHarness } from '../../support/lane-harness.ts';
import { log } from '../../support/log.ts';
import { record, withoutPaths } from '../../support/recording.ts';

beforeAll(() => {
  installRuntime(log);
  withoutPaths();
});

const firstRun = (lanes: LaneHarness, key: string, runId: string) =>
  lanes.client.workflow.getHandle(lanes.lane(key).workflowId, runId);
const runIdOf = async (lanes: LaneHarness, key: string) =>
  (await lanes.lane(key).describe()).raw.workflowExecutionInfo?.execution?.runId ?? '';

test('a healthy lane that ends idle', async () => {
  const lanes = await LaneHarness.start({ handler: () => {}, lane: { idleMs: 500 } });
  await lanes.send('a', laneEvents(1, 5));
  await lanes.send('a', laneEvents(4, 9));
  await eventually(async () => (await lanes.lane('a').describe()).status.name === 'COMPLETED');
  await record('lane-healthy', lanes.lane('a'));
  await lanes.stop();
});

test('a lane that is blocked and released by each verb', async () => {
  const poison = new Set([2, 4, 6]);
  const lanes = await LaneHarness.start({
    handler: (event) => {
      if (poison.has(event.json().n)) throw new Error('poison');
    },
  });
  const blocked = (n: number) =>
    eventually(async () => {
      const { phase, head } = await lanes.view('a');
      return phase.state === 'blocked' && head?.position.sequenceNumber === String(n);
    });
  await lanes.send('a', laneEvents(1, 7));
  await blocked(2);
  poison.delete(2);
  await lanes.decide('a', 'retry', { by: 'ann' });
  await blocked(4);
  await lanes.decide('a', 'pause', { by: 'ann' });
  await lanes.decide('a', 'resume', { by: 'ann' });
  await lanes.lane('a').signal('skip', { by: 'ann' });
  await blocked(6);
  await lanes.decide('a', 'replace', { data: { n: 60 }, by: 'ann' });
  await eventually(async () => (await lanes.view('a')).handled === 6);
  await record('lane-blocked-and-released', lanes.lane('a'));
  await lanes.stop();
});

test('a lane whose last attempt at an event was lost, although its process ran on', async () => {
  let calls = 0;
  const holdUp = (until: number) => {
    while (performance.now() < until);
  };
  const lanes = await LaneHarness.start({
    handler: () => {
      calls += 1;
      if (calls === 2) holdUp(performance.now() + 2500);
      throw new Error('down');
    },
    handling: { retry: { ...POLICY, maxAttempts: 2 } },
    lane: { heartbeatTimeoutMs: 1000 },
  });
  await lanes.send('a', laneEvents(1, 2));
  await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
  expect(calls).toBe(3);
  await record('lane-whose-last-attempt-was-lost', lanes.lane('a'));
  await lanes.stop();
});

test('a lane that continues as new while its head is retrying, and while it is blocked', async () => {
  const lanes = await LaneHarness.start({
    handler: () => {
      throw new Error('down');
    },
    handling: { retry: { maxAttempts: 4, initialIntervalMs: 400, backoff: 1, maxIntervalMs: 400 } },
    lane: { signalsPerRun: 3 },
  });
  await lanes.send('a', [laneEvent(1)]);
  const first = await runIdOf(lanes, 'a');
  await eventually(async () => (await lanes.view('a')).phase.state === 'retrying');
  for (let n = 2; n <= 3; n += 1) await lanes.send('a', [laneEvent(n)]);
  await eventually(async () => (await runIdOf(lanes, 'a')) !== first);
  const second = await runIdOf(lanes, 'a');
  await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
  for (let n = 4; n <= 6; n += 1) await lanes.send('a', [laneEvent(n)]);
  await eventually(async () => (await runIdOf(lanes, 'a')) !== second);
  await eventually(async () => (await lanes.view('a')).waiting === 5);
  await record('lane-continued-as-new-retrying', firstRun(lanes, 'a', first));
  await record('lane-continued-as-new-blocked', firstRun(lanes, 'a', second));
  await lanes.stop();
});

test('a lane with data in a store, with data that was left in the source, and that ends when all is deleted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keylane-record-'));
  const store = new FolderStore(folder);
  const claimFor = async (position: Position) => {
    const bytes = Buffer.alloc(200_000, 'large ');
    const claim = claimOf(lanes.pipeline, position, 'a', bytes);
    await new Claims(store, lanes.pipeline).write(claim, bytes, new AbortController().signal);
    return { data: { claim }, size: bytes.byteLength };
  };
  let hasStore = false;
  const failure = { type: LARGE_EVENT, message: 'no store', nonRetryable: true };
  const lanes = await LaneHarness.start({
    store,
    handler: () => {},
    lane: { idleMs: 500 },
    fetchData: async ({ position }) => (hasStore ? await claimFor(position) : { failure, retry: POLICY }),
  });
  const [first, second, third] = laneEvents(1, 3) as [LaneEvent, LaneEvent, LaneEvent];
  const stored = { ...first, ...(await claimFor(first.position)) };
  await lanes.send('a', [stored, { ...second, data: { sourceOnly: { preview: 'large' } } }, third]);
  await eventually(async () => (await lanes.view('a')).phase.state === 'blocked');
  hasStore = true;
  await lanes.decide('a', 'retry', { by: 'ann' });
  await eventually(async () => (await lanes.view('a')).handled === 3);
  await lanes.send('a', [stored]);
  await eventually(async () => (await lanes.lane('a').describe()).status.name === 'COMPLETED');
  await record('lane-large-events', lanes.lane('a'));
  await lanes.stop();
  await rm(folder, { recursive: true });
});

test('a blocked lane whose backlog goes into segments, over several runs, and that is released', async () => {
  const poison = new Set([3]);
  const lanes = await LaneHarness.start({
    handler: (event) => {
      if (poison.has(event.json().n)) throw new Error('poison');
    },
    handling: { retry: { ...POLICY, maxAttempts: 1 } },
    lane: { segments: { events: 20, bytes: 64 * 1024 }, signalsPerRun: 8 },
  });
  const runs = new Set<string>();
  await lanes.send('a', laneEvents(1, 5));
  for (let n = 6; n < 100; n += 5) {
    runs.add(await runIdOf(lanes, 'a'));
    await lanes.send('a', laneEvents(n, n + 4));
    // So that each run has its share.
    await eventually(async () => (await lanes.view('a')).waiting === n + 1);
  }
  poison.clear();
  await lanes.decide('a', 'retry', { by: 'ann' });
  await eventually(async () => (await lanes.view('a')).handled === 100);
  await eventually(async () => (await lanes.view('a')).segments === undefined);
  expect(runs.size).toBeGreaterThan(2);
  const [first, second] = [...runs] as [string, string];
  await record('lane-into-segments', firstRun(lanes, 'a', first));
  await record('lane-continued-with-segments', firstRun(lanes, 'a', second));
  await record('lane-out-of-segments', lanes.lane('a'));
  const segments = `WorkflowType = "segment" AND TaskQueue = "${lanes.taskQueue}" AND ExecutionStatus = "Completed"`;
  for await (const { workflowId } of lanes.client.workflow.list({ query: segments })) {
    await record('segment-of-lane', lanes.client.workflow.getHandle(workflowId));
    break;
  }
  await lanes.stop();
});

test('a lane whose backlog fills several segments at once', async () => {
  const poison = new Set([1]);
  const lanes = await LaneHarness.start({
    handler: (event) => {
      if (poison.has(event.json().n)) throw new Error('poison');
    },
    handling: { retry: { ...POLICY, maxAttempts: 1 } },
    lane: { segments: { events: 20, bytes: 64 * 1024 } },
  });
  await lanes.send('a', laneEvents(1, 150));
  await eventually(async () => ((await lanes.view('a')).segments?.count ?? 0) >= 6);
  poison.clear();
  await lanes.decide('a', 'retry', { by: 'ann' });
  await eventually(async () => (await lanes.view('a')).handled === 150);
  await record('lane-several-segments-at-once', lanes.lane('a'));
  await lanes.stop();
});

test('a lane that takes over from one with a backlog that was terminated', async () => {
  const poison = new Set([3]);
  const lane: Partial<LaneOptions> = { heartbeatTimeoutMs: 500, segments: { events: 20, bytes: 64 * 1024 } };
  const lanes = await LaneHarness.start({
    handler: (event) => {
      if (poison.has(event.json().n)) throw new Error('poison');
    },
    handling: { retry: { ...POLICY, maxAttempts: 1 } },
    lane,
  });
  for (let n = 1; n < 60; n += 5) await lanes.send('a', laneEvents(n, n + 4));
  await eventually(async () => (await lanes.view('a')).segments !== undefined);
  await lanes.stopWorker();
  await lanes.send('a', laneEvents(61, 65));
  await lanes.lane('a').terminate('by mistake');
  const { workflowId } = lanes.lane('a');
  const predecessor = (await endedRun(lanes.client, workflowId))!;
  const options = { ...DEFAULT_LANE_OPTIONS, ...lane };
  await lanes.client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
    workflowId,
    taskQueue: lanes.taskQueue,
    args: [{ version: 1, pipeline: lanes.pipeline, key: 'a', options, predecessor } satisfies LaneInput],
    signal: SIGNALS.records,
    signalArgs: [{ leaseUntil: Date.now() + 60_000, events: laneEvents(66, 70) }],
  });
  await lanes.startWorker();
  await eventually(async () => (await lanes.view('a')).waiting === 67);
  poison.clear();
  await lanes.decide('a', 'retry', { by: 'ann' });
  await eventually(async () => (await lanes.view('a')).handled === 70);
  await record('lane-recovered', lanes.lane('a'));
  await lanes.stop();
});
