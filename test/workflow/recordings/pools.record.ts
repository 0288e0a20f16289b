/** Records histories of pools, which test/workflow/replay.test.ts replays. */
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { NonRetryableError } from '../../../contracts/public/errors.ts';
import type { PoolEvent } from '../../../contracts/pool/state.ts';
import { eventually } from '../../support/eventually.ts';
import { laneEvent, POLICY, SHARD } from '../../support/lane-events.ts';
import { LaneHarness } from '../../support/lane-harness.ts';
import { eventOf, KEY, startLane, startPool, toForward } from '../../support/pool-on-its-way.ts';
import { record, withoutPaths } from '../../support/recording.ts';
import { NEW_KEY } from '../../../contracts/lane/key-state.ts';
import { installRuntime } from '../../../worker/runtime.ts';
import { log } from '../../support/log.ts';

beforeAll(() => {
  installRuntime(log);
  withoutPaths();
});

const poolEvent = (key: string, position: number, n: number): PoolEvent => {
  return { key, ...laneEvent(position, SHARD, { n }) };
};

test('a pool over several runs, whose keys move out and back', async () => {
  const poison = new Set(['key-2:3', 'key-5:4']);
  const lanes = await LaneHarness.start({
    handler: async (event) => {
      if (event.key === 'key-4') await delay(700);
      if (poison.has(`${event.key}:${event.json().n}`)) throw new Error('poison');
    },
    handling: { retry: { ...POLICY, maxAttempts: 2 } },
  });
  const keys = Array.from({ length: 8 }, (_, key) => `key-${key}`);
  const options = { signalsPerRun: 12, slowAfterMs: 300, eventsPerKey: 2 };
  const runs = new Set<string>();
  for (let round = 1, position = 0; round <= 24; round += 1) {
    const events = keys.map((key) => poolEvent(key, (position += 1), round));
    await lanes.pool(events, options);
    runs.add((await lanes.poolHandle.describe()).runId);
    if (round === 6) await lanes.poolHandle.executeUpdate('pause', { args: [{ key: 'key-7', by: 'ann' }] });
    if (round === 8) await lanes.poolHandle.signal('pause', { key: 'key-6', by: 'bob' });
    await delay(150);
  }
  await eventually(async () => (await lanes.view('key-5')).phase.state === 'blocked');
  await record('lane-of-a-pool-blocked', lanes.lane('key-5'));
  poison.clear();
  for (const key of ['key-2', 'key-5']) await lanes.decide(key, 'retry', { by: 'ann' });
  for (const key of ['key-6', 'key-7']) await lanes.decide(key, 'resume', { by: 'ann' });
  await eventually(async () => (await lanes.poolView()).moved === 0, 60_000);
  await record('lane-of-a-pool-back', lanes.lane('key-7'));
  const all = [...runs, (await lanes.poolHandle.describe()).runId];
  expect(new Set(all).size).toBeGreaterThan(1);
  const [first, second] = all as [string, string];
  const { workflowId } = lanes.poolHandle;
  await record('pool-first-run', lanes.client.workflow.getHandle(workflowId, first));
  await record('pool-second-run', lanes.client.workflow.getHandle(workflowId, second));
  await lanes.stop();
});

test('a pool that tells bridges to wait before its run ends', async () => {
  const lanes = await LaneHarness.start({ handler: async () => await delay(20) });
  const keys = Array.from({ length: 4 }, (_, key) => `key-${key}`);
  let position = 0;
  const send = async (round: number) => {
    const events = keys.map((key) => poolEvent(key, (position += 1), round));
    await lanes.pool(events, { signalsPerRun: 6 });
    return (await lanes.poolHandle.describe()).runId;
  };
  const runId = await send(1);
  for (let round = 2; (await send(round)) === runId; round += 1);
  await record(
    'pool-that-drained-before-its-run-ended',
    lanes.client.workflow.getHandle(lanes.poolHandle.workflowId, runId),
  );
  await lanes.stop();
});

test('a pool whose run ends while a pause waits for a lane that cannot be begun yet', async () => {
  const lanes = await LaneHarness.start({ handler: () => {} });
  // Not begun by the pool, and open.
  await lanes.send('key-0', [laneEvent(1, SHARD, { n: 1 })]);
  let position = 1;
  const send = async () => {
    const events = ['key-0', 'key-1'].map((key) => poolEvent(key, (position += 1), position));
    await lanes.pool(events, { signalsPerRun: 6 });
    return (await lanes.poolHandle.describe()).runId;
  };
  const runId = await send();
  const paused = lanes.poolHandle.executeUpdate('pause', { args: [{ key: 'key-0', by: 'ann' }] });
  while ((await send()) === runId) await delay(50);
  await paused;
  await record(
    'pool-that-ended-while-a-pause-waited',
    lanes.client.workflow.getHandle(lanes.poolHandle.workflowId, runId),
  );
  await lanes.stop();
});

test('a pool whose batches are given back, since all handlers of the process are busy', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const lanes = await LaneHarness.start({
    handler: async (event) => {
      if (event.key.startsWith('busy')) await gate;
    },
    handling: { timeoutMs: 60_000 },
  });
  let position = 0;
  const send = async (keys: readonly string[]) => {
    const events = keys.map((key) => poolEvent(key, (position += 1), position));
    await lanes.pool(events, { slowAfterMs: 200 });
  };
  await send(Array.from({ length: 100 }, (_, key) => `busy-${key}`));
  await delay(1000);
  await send(['key-0', 'key-1', 'key-2']);
  await delay(3000);
  open();
  await eventually(async () => (await lanes.poolView()).waiting === 0);
  await record('pool-whose-batches-were-returned', lanes.poolHandle);
  await lanes.stop();
});

test('a pool whose lanes give way to the batches of healthy keys', async () => {
  const lanes = await LaneHarness.start({
    handler: async (event) => {
      if (event.key.startsWith('poisoned')) throw new NonRetryableError('poison');
      await delay(20);
    },
  });
  const keys = Array.from({ length: 12 }, (_, key) => [`poisoned-${key}`, `healthy-${key}`]).flat();
  let position = 0;
  for (let round = 1; round <= 4; round += 1) {
    const events = keys.map((key) => poolEvent(key, (position += 1), round));
    await lanes.pool(events, { eventsPerKey: 1, batch: { events: 8, bytes: 100_000 } });
  }
  await eventually(async () => {
    const { moved, waiting } = await lanes.poolView();
    return moved === 12 && waiting === 0;
  });
  await record('pool-whose-lanes-waited-for-batches', lanes.poolHandle);
  await lanes.stop();
});

test('a pool that takes over from one that had something on its way to lanes, of which one had finished', async () => {
  const lanes = await LaneHarness.start({ handler: () => {}, lane: { heartbeatTimeoutMs: 500 } });
  const { moved, start } = toForward();
  moved.moveOut('b', NEW_KEY, [eventOf(1)], 'another start');
  await startPool(lanes, moved);
  await startLane(lanes, start, moved.start());
  await eventually(async () => (await lanes.lane(KEY).describe()).status.name === 'COMPLETED');
  await lanes.poolHandle.terminate('by mistake');
  await lanes.pool([{ key: KEY, ...eventOf(3) }]);
  await eventually(async () => {
    const { handled, moved: out, recovering } = await lanes.poolView();
    return recovering === undefined && handled === 1 && out === 0;
  }, 30_000);
  await record('pool-that-checked-deliveries', lanes.poolHandle);
  await lanes.stop();
});

test('a pool in an outage, of which a batch is lost, and that is terminated and taken over', async () => {
  let isDown = false;
  let kills = 1;
  const lanes = await LaneHarness.start({
    mayDie: true,
    stickyMs: 300,
    handler: async (event) => {
      if (isDown) throw new Error('the database is down');
      if (event.key === 'key-3' && event.json().n === 2 && kills > 0) {
        kills -= 1;
        lanes.killWorker();
        await delay(100);
      }
    },
    // No key uses up its attempts in the outage.
    handling: { retry: { ...POLICY, maxAttempts: 100 } },
  });
  const keys = Array.from({ length: 12 }, (_, key) => `key-${key}`);
  let position = 0;
  const round = (n: number) => keys.map((key) => poolEvent(key, (position += 1), n));
  const isDone = async (count: number) => (await lanes.poolView()).handled === count;
  await lanes.pool(round(1));
  await eventually(() => isDone(12));
  await lanes.pool(round(2));
  await eventually(() => kills === 0);
  await lanes.startWorker();
  await eventually(() => isDone(24), 30_000);
  isDown = true;
  await lanes.pool(round(3));
  await eventually(async () => (await lanes.poolView()).outage !== undefined);
  await delay(3000);
  await record('pool-in-an-outage', lanes.poolHandle);
  await lanes.poolHandle.terminate('by mistake');
  await lanes.pool(round(4));
  await eventually(async () => (await lanes.poolView()).recovering === undefined, 30_000);
  isDown = false;
  await eventually(() => isDone(48), 60_000);
  await record('pool-recovered', lanes.poolHandle);
  await lanes.stop();
}, 120_000);
