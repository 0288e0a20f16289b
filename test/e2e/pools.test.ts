/** Pooled hosting on a real server: healthy keys in pools, and a lane for each that needs one. */
import proto from '@temporalio/proto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { kinesis } from '../../contracts/public/source-config.ts';
import type { HandlerContext } from '../../contracts/public/handler.ts';
import { NonRetryableError } from '../../contracts/public/errors.ts';
import { laneWorkflowId } from '../../contracts/lane/id.ts';
import { poolWorkflowId, QUERIES, readingTaskQueue } from '../../contracts/names.ts';
import { poolOf } from '../../contracts/pool/pool-of.ts';
import type { PoolKeyView, PoolView } from '../../contracts/pool/view.ts';
import type { HandlerEvent } from '../../contracts/public/record.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { OtherHostingError } from '../../worker/pipelines.ts';
import { routerOf } from '../../temporal/router.ts';
import { PipelineRegistry } from '../../operations/pipelines/registry.ts';
import { eventually } from '../support/eventually.ts';
import { Keylane, uniqueName, type KeylaneOptions } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';
import { NumberedEvents } from '../support/numbered-events.ts';

const { TASK_QUEUE_TYPE_ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;
const POOLS = 2;
const RETRY = { maxAttempts: 2, initialInterval: '200ms', backoff: 1 } as const;

let emulator: Server;
let stream: KinesisStream;
let name: string;
let ledger: Ledger;
let keylane: Keylane;
let handler: (event: HandlerEvent, context: HandlerContext) => Promise<void> | void;
let events: NumberedEvents;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite();
});
afterAll(() => emulator.stop());
beforeEach(async () => {
  name = uniqueName();
  ledger = new Ledger();
  events = new NumberedEvents();
  handler = () => {};
  stream = await KinesisStream.create(emulator.endpoint, name, 2);
});
afterEach(async () => {
  await keylane.close();
  stream.close();
});

async function start(limits: Pick<KeylaneOptions, 'pool' | 'lane' | 'options'> = {}): Promise<void> {
  keylane = await Keylane.create({ pipelines: { [name]: pooled(POOLS) }, ...limits });
  await keylane.start();
}

function pooled(count: number) {
  return {
    source: kinesis({ stream: name, endpoint: emulator.endpoint }),
    handler: async (event: HandlerEvent, context: HandlerContext) => {
      await handler(event, context);
      ledger.note(event.key, event.json().n);
    },
    hosting: 'pooled',
    pools: { count },
    retry: RETRY,
  } as const;
}

async function write(keys: readonly string[], count: number): Promise<void> {
  await stream.put(events.next(keys, count));
}

const keysTo = (count: number) => Array.from({ length: count }, (_, index) => `key-${index}`);
const last = (key: string) => events.last(key);
const handled = (keys: readonly string[]) => keys.every((key) => ledger.of(key).length >= last(key));
const untilHandled = async (keys: readonly string[]) => await eventually(() => handled(keys), 60_000);

function expectInOrder(keys: readonly string[]): void {
  for (const key of keys) expect(ledger.of(key), key).toEqual(upTo(last(key)));
}

const handleOf = (pool: number) => keylane.client.workflow.getHandle(poolWorkflowId(name, pool));
const poolOfKey = (key: string) => handleOf(poolOf(key, POOLS));
const whereIs = async (key: string) => (await poolOfKey(key).query<PoolKeyView, [string]>(QUERIES.key, key)).where;
const views = async () => await Promise.all([0, 1].map((pool) => handleOf(pool).query<PoolView>(QUERIES.pool)));

test('O1 O4 O5 many keys, in order and once, without a lane for any', async () => {
  const keys = keysTo(300);
  await start();
  await write(keys, 20);
  await untilHandled(keys);
  expectInOrder(keys);
  const [one, two] = await views();
  expect([one!.moved, two!.moved]).toEqual([0, 0]);
  expect(one!.handled + two!.handled).toBe(6000);
  const lanes = await keylane.client.workflow.count(`KeylanePipeline = "${name}" AND WorkflowType = "lane"`);
  expect(lanes.count).toBe(0);
});

test('O1 a pipeline keeps its hosting and its number of pools, also when it is started over', async () => {
  const keys = keysTo(10);
  await start();
  await write(keys, 2);
  await untilHandled(keys);
  const { pools: _none, ...own } = { ...pooled(POOLS), hosting: 'own' } as const;
  const { taskQueue } = keylane.settings.temporal;
  for (const other of [pooled(POOLS + 1), own]) {
    const another = await Keylane.create({ pipelines: { [name]: other }, taskQueue });
    await expect(another.start(['bridge'])).rejects.toThrow(OtherHostingError);
    await expect(another.start(['bridge'], { startOver: true })).rejects.toThrow(OtherHostingError);
    await another.client.connection.close();
  }
  await write(keys, 2);
  await untilHandled(keys);
  expectInOrder(keys);
});

test('O1 where a key lives is what the pipeline says, and a process that says otherwise polls nothing (fault B6)', async () => {
  await start();
  const { pools: _none, ...own } = { ...pooled(POOLS), hosting: 'own' } as const;
  // Task queues that nobody else polls.
  const another = await Keylane.create({ pipelines: { [name]: own } });
  const { taskQueue } = another.settings.temporal;
  expect(await routerOf(another.client, name)).toEqual({ pools: POOLS });
  expect(await new PipelineRegistry(another.client, [name]).poolsOf(name)).toBe(POOLS);
  for (const role of ['bridge', 'worker'] as const) {
    await expect(another.start([role])).rejects.toThrow(OtherHostingError);
  }
  const { namespace } = another.client.options;
  for (const queue of [taskQueue, readingTaskQueue(taskQueue)]) {
    for (const taskQueueType of [TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY]) {
      const asked = { namespace, taskQueue: { name: queue }, taskQueueType };
      const { pollers } = await another.client.workflowService.describeTaskQueue(asked);
      expect(pollers, queue).toEqual([]);
    }
  }
  await another.client.connection.close();
});

test('O1 O3 O5 a poison event stops its own key, which goes back to its pool when a person has decided', async () => {
  handler = (event) => {
    if (event.key === 'key-7' && event.json().n === 3) throw new NonRetryableError('poison');
  };
  const keys = keysTo(20);
  const others = keys.filter((key) => key !== 'key-7');
  await start();
  await write(keys, 5);
  await untilHandled(others);
  await eventually(async () => (await keylane.view(name, 'key-7')).phase.state === 'blocked');
  expect(await whereIs('key-7')).toBe('lane');
  await write(keys, 5);
  await untilHandled(others);
  expect(ledger.of('key-7')).toEqual([1, 2]);
  await eventually(async () => (await keylane.view(name, 'key-7')).waiting === 7);
  await keylane.decide(name, 'key-7', 'skip');
  await eventually(async () => (await whereIs('key-7')) === 'pool');
  expect(ledger.of('key-7')).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10]);
  await write(keys, 5);
  await eventually(() => ledger.of('key-7').length === 14);
  await untilHandled(others);
  expectInOrder(others);
  const { status } = await keylane.client.workflow.getHandle(laneWorkflowId(name, 'key-7')).describe();
  expect(status.name).toBe('COMPLETED');
});

test('O1 O4 O5 keys move out and back all the time, under traffic and over many runs of pool and lane', async () => {
  let calls = 0;
  const failing = new Set<string>();
  handler = (event) => {
    calls += 1;
    // Each of these fails once, and is retried in its lane.
    const id = `${event.key}:${event.json().n}`;
    if (calls % 37 === 0 && !failing.has(id)) {
      failing.add(id);
      throw new Error('now and then');
    }
  };
  const keys = keysTo(30);
  await start({ pool: { signalsPerRun: 20 }, lane: { signalsPerRun: 5 } });
  for (let round = 1; round <= 15; round += 1) {
    await write(keys, 10);
    await untilHandled(keys.slice(0, 10));
  }
  await untilHandled(keys);
  expectInOrder(keys);
  expect(failing.size).toBeGreaterThan(50);
  await eventually(async () => (await views()).every(({ moved }) => moved === 0));
  const runs = await keylane.client.workflow.count(`WorkflowId = "${name}/pool/0"`);
  expect(runs.count).toBeGreaterThan(2);
}, 120_000);

describe('keys that are asked for', () => {
  test('O11 a healthy key can be paused, and goes back when it is resumed', async () => {
    const keys = keysTo(10);
    await start();
    await write(keys, 2);
    await untilHandled(keys);
    await poolOfKey('key-3').executeUpdate('pause', { args: [{ key: 'key-3', by: 'ann', reason: 'to look' }] });
    const { phase, decisions } = await keylane.view(name, 'key-3');
    expect(phase).toMatchObject({ state: 'paused', by: 'ann', reason: 'to look' });
    expect(decisions).toMatchObject([{ verb: 'pause', outcome: 'done', by: 'ann', stateBefore: 'idle' }]);
    await write(keys, 2);
    await untilHandled(keys.filter((key) => key !== 'key-3'));
    await eventually(async () => (await keylane.view(name, 'key-3')).head !== undefined);
    expect(ledger.of('key-3')).toEqual([1, 2]);
    await keylane.decide(name, 'key-3', 'resume');
    await eventually(async () => (await whereIs('key-3')) === 'pool');
    expectInOrder(keys);
  });

  test('O3 a slow key holds up only itself, and moves out', async () => {
    handler = async (event) => {
      if (event.key === 'key-5') await new Promise((resolve) => setTimeout(resolve, 1500));
    };
    const keys = keysTo(20);
    const others = keys.filter((key) => key !== 'key-5');
    await start({ pool: { slowAfterMs: 300 } });
    await write(keys, 3);
    await untilHandled(others);
    expect(ledger.of('key-5').length).toBeLessThan(2);
    await write(others, 3);
    await untilHandled(others);
    expect(ledger.of('key-5').length).toBeLessThan(3);
    await eventually(async () => (await whereIs('key-5')) === 'lane');
    await untilHandled(keys);
    expectInOrder(keys);
    await eventually(async () => (await whereIs('key-5')) === 'pool');
  });
});

describe('an outage', () => {
  test('O5 no key moves out while most keys fail, and all go on when handlers work again', async () => {
    let isDown = false;
    handler = () => {
      if (isDown) throw new Error('the database is down');
    };
    const keys = keysTo(40);
    await start();
    await write(keys, 2);
    await untilHandled(keys);
    isDown = true;
    await write(keys, 2);
    await eventually(async () => (await views()).every(({ outage }) => outage !== undefined));
    const status = `KeylanePipeline = "${name}" AND KeylaneStatus = "outage"`;
    await eventually(async () => (await keylane.client.workflow.count(status)).count === POOLS);
    const moved = (await views()).reduce((sum, view) => sum + view.moved, 0);
    expect(moved).toBeLessThanOrEqual(4 * POOLS);
    isDown = false;
    await untilHandled(keys);
    expectInOrder(keys);
    await eventually(async () =>
      (await views()).every(({ outage, moved: left }) => outage === undefined && left === 0),
    );
  });

  test('O3 one poison key among healthy ones moves out at once', async () => {
    handler = (event) => {
      if (event.key === 'key-1') throw new Error('only this one');
    };
    const keys = keysTo(20);
    await start();
    await write(keys, 1);
    await eventually(async () => (await whereIs('key-1')) === 'lane');
    await untilHandled(keys.filter((key) => key !== 'key-1'));
    expect((await views()).every(({ outage }) => outage === undefined)).toBe(true);
  });
});

test('O4 O5 O6 a pool that was terminated is taken over, with what it held and was sent', async () => {
  handler = (event) => {
    if (event.key === 'key-0') throw new NonRetryableError('poison');
  };
  const keys = keysTo(20);
  const others = keys.slice(1);
  await start({ lane: { heartbeatTimeoutMs: 1000 }, pool: { heartbeatTimeoutMs: 1000 } });
  await write(keys, 3);
  await untilHandled(others);
  await eventually(async () => (await keylane.view(name, 'key-0')).phase.state === 'blocked');
  await Promise.all([0, 1].map((pool) => handleOf(pool).terminate('by mistake')));
  await write(keys, 3);
  await untilHandled(others);
  expectInOrder(others);
  expect(await whereIs('key-0')).toBe('lane');
  await eventually(async () => (await keylane.view(name, 'key-0')).waiting === 5);
  for (let n = 1; n <= 6; n += 1) {
    await eventually(async () => (await keylane.view(name, 'key-0')).phase.state === 'blocked');
    await keylane.decide(name, 'key-0', 'skip');
  }
  await eventually(async () => (await whereIs('key-0')) === 'pool');
});

test('O4 O5 a lane that was terminated is taken over when there is more for its key', async () => {
  handler = (event) => {
    if (event.key === 'key-0' && event.json().n === 1) throw new NonRetryableError('poison');
  };
  await start({ lane: { heartbeatTimeoutMs: 500 } });
  await write(['key-0'], 3);
  await eventually(async () => (await keylane.view(name, 'key-0')).waiting === 2);
  await keylane.client.workflow.getHandle(laneWorkflowId(name, 'key-0')).terminate('by mistake');
  await write(['key-0'], 1);
  await eventually(async () => (await keylane.view(name, 'key-0')).waiting === 3, 30_000);
  await keylane.decide(name, 'key-0', 'skip');
  await eventually(async () => (await whereIs('key-0')) === 'pool');
  expect(ledger.of('key-0')).toEqual([2, 3, 4]);
});
