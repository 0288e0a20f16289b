/**
 * O6 over a longer time than lanes remember: bridges that die or stand still while lanes end, and a pipeline that is
 * terminated. Each event must be handled once and in order all the same.
 *
 * Idle times are seconds here, in the proportions of the defaults: idle > margin + heartbeat timeout + request, and
 * margin > heartbeat timeout + request.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { kinesis } from '../../contracts/config.ts';
import type { LaneView } from '../../contracts/lane.ts';
import { QUERIES } from '../../contracts/names.ts';
import { BridgeProcess } from '../support/bridge-process.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';
import type { Limits } from '../support/settings.ts';
import { StallingProxy } from '../support/stalling-proxy.ts';

const KEYS = 12;
const IDLE_MS = 10_000;
const LIMITS: Limits = {
  lane: { idleMs: IDLE_MS, leaseMarginMs: 5000 },
  options: { heartbeatTimeoutMs: 2500, shiftMs: 1500, discoverEveryMs: 2000 },
  requestTimeoutMs: 2000,
};

let emulator: Server;
let stream: KinesisStream;
let keylane: Keylane;
let ledger: Ledger;
let name: string;
let bridges: BridgeProcess[];

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite({ shardLimit: 200 });
});
afterAll(() => emulator.stop());

beforeEach(async () => {
  name = uniqueName();
  ledger = new Ledger();
  bridges = [];
  const book = ledger;
  stream = await KinesisStream.create(emulator.endpoint, name, 2);
  const config = {
    source: kinesis({ stream: name, endpoint: emulator.endpoint }),
    handler: (event: { readonly key: string; json(): { n: number } }) => book.note(event.key, event.json().n),
  };
  keylane = await Keylane.create({ pipelines: { [name]: config }, ...LIMITS });
});
afterEach(async () => {
  await Promise.all(bridges.map((bridge) => bridge.kill()));
  await keylane.close();
  stream.close();
});

async function startBridge(address = devServer().address): Promise<BridgeProcess> {
  const { taskQueue } = keylane.settings.temporal;
  const { namespace } = devServer();
  const bridge = await BridgeProcess.start({
    address,
    namespace,
    taskQueue,
    pipeline: name,
    stream: name,
    endpoint: emulator.endpoint,
    limits: LIMITS,
  });
  bridges.push(bridge);
  return bridge;
}

/** Events `from` to `to` of each key. */
async function write(from: number, to: number, pauseMs = 0): Promise<void> {
  for (let n = from; n <= to; n += 1) {
    await stream.put(Array.from({ length: KEYS }, (_, key) => ({ key: `key-${key}`, data: JSON.stringify({ n }) })));
    await delay(pauseMs);
  }
}

/** Every handler runs in this process, so what is booked twice was accepted twice. */
async function expectAll(last: number): Promise<void> {
  await eventually(() => ledger.count >= KEYS * last, 60_000);
  for (let key = 0; key < KEYS; key += 1) expect(ledger.of(`key-${key}`), `key-${key}`).toEqual(upTo(last));
}

async function lanes(status?: 'Running'): Promise<WorkflowExecutionInfo[]> {
  const query = `KeylanePipeline = "${name}"${status === undefined ? '' : ` AND ExecutionStatus = "${status}"`}`;
  const found: WorkflowExecutionInfo[] = [];
  for await (const run of keylane.client.workflow.list({ query })) found.push(run);
  return found;
}

const untilLanesHaveEnded = () => eventually(async () => (await lanes('Running')).length === 0, 60_000);

/** Events handled by each lane that there was: each position that was accepted is one. */
async function handled(): Promise<number[]> {
  return await Promise.all(
    (await lanes()).map(async ({ runId, workflowId }) => {
      const handle = keylane.client.workflow.getHandle(workflowId, runId);
      return (await handle.query<LaneView>(QUERIES.lane)).handled;
    }),
  );
}

async function expectEachOnce(last: number): Promise<void> {
  await expectAll(last);
  const counts = await handled();
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(KEYS * last);
}

describe('O1 O4 O6 nothing twice, nothing lost, in order', () => {
  test('when a bridge is killed, lanes become idle, and it is started again later', async () => {
    await keylane.start(['worker']);
    const first = await startBridge();
    await write(1, 3);
    await expectAll(3);
    await untilLanesHaveEnded();

    const writing = write(4, 30, 100);
    await eventually(() => ledger.count > KEYS * 12, 60_000);
    await first.kill();
    await writing;
    const left = (await lanes('Running')).length;
    expect(left).toBe(KEYS);
    // Idle for longer than they would live: nobody tells them that the checkpoints have passed their marks.
    await delay(1.5 * IDLE_MS);
    expect((await lanes('Running')).length).toBe(left);
    expect(ledger.count).toBeLessThan(KEYS * 30);

    const second = await startBridge();
    await expectAll(30);
    await untilLanesHaveEnded();
    await second.kill();
    const third = await startBridge();
    await write(31, 32);
    await expectEachOnce(32);
    await third.stop();
  }, 300_000);

  test('when a bridge stands still with requests on their way, until another took over and lanes ended', async () => {
    const proxy = await StallingProxy.before(devServer().address);
    await keylane.start(['worker']);
    const first = await startBridge(proxy.address);
    await write(1, 3);
    await expectAll(3);

    const isHeld = proxy.hold('leaseUntil');
    await write(4, 4);
    await isHeld;
    first.signal('SIGSTOP');
    await startBridge();
    await expectAll(4);
    await untilLanesHaveEnded();
    const before = (await lanes()).length;

    // The network delivers what the first has sent before it stopped, to lanes that remember nothing of it.
    proxy.release();
    await eventually(async () => (await lanes()).length > before, 30_000);
    expect(await handled()).toContain(0);
    first.signal('SIGCONT');
    await eventually(() => first.output.includes('stood still'), 30_000);
    await write(5, 8, 200);
    await expectEachOnce(8);
    await untilLanesHaveEnded();
    await expectEachOnce(8);
    await proxy.close();
  }, 300_000);

  test('when the pipeline is terminated in the middle, and started again after lanes became idle', async () => {
    await keylane.start(['bridge', 'worker']);
    await write(1, 3);
    await expectAll(3);
    await untilLanesHaveEnded();

    const writing = write(4, 20, 100);
    await eventually(() => ledger.count > KEYS * 8, 60_000);
    await keylane.client.workflow.getHandle(name).terminate('by mistake');
    await writing;
    await delay(1.5 * IDLE_MS);
    expect((await lanes('Running')).length).toBe(KEYS);
    await keylane.stop();
    await keylane.start(['bridge', 'worker']);
    await expectAll(20);
    await untilLanesHaveEnded();
    await write(21, 22);
    await expectEachOnce(22);
  }, 300_000);
});
