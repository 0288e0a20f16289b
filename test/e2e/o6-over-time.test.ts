/**
 * O6 over a longer time than lanes remember: bridges that die or stand still while lanes end, and a pipeline that is
 * terminated. Each event must be handled once and in order all the same.
 *
 * Idle times are seconds here, in the proportions of the defaults: idle > margin + heartbeat timeout + request, and
 * margin > heartbeat timeout + request.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test as base } from 'vitest';
import { kinesis } from '../../contracts/public/source-config.ts';
import type { LaneView } from '../../contracts/lane/view.ts';
import { QUERIES } from '../../contracts/names.ts';
import { handledBy, sentPositions } from '../support/accepted.ts';
import { BridgeProcess } from '../support/bridge-process.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { HOSTINGS, type Hosting } from '../support/hostings.ts';
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

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite({ shardLimit: 200 });
});
afterAll(() => emulator.stop());

/** A stream with a pipeline, whose handlers run in this process: what is booked twice was accepted twice. */
class World {
  readonly name: string;
  readonly stream: KinesisStream;
  readonly keylane: Keylane;
  readonly ledger: Ledger;
  readonly #hosting: Hosting;
  readonly #bridges: BridgeProcess[] = [];

  private constructor(name: string, stream: KinesisStream, keylane: Keylane, ledger: Ledger, hosting: Hosting) {
    this.#hosting = hosting;
    this.name = name;
    this.stream = stream;
    this.keylane = keylane;
    this.ledger = ledger;
  }

  static async create(hosting: Hosting): Promise<World> {
    const name = uniqueName();
    const ledger = new Ledger();
    const stream = await KinesisStream.create(emulator.endpoint, name, 2);
    const config = {
      source: kinesis({ stream: name, endpoint: emulator.endpoint }),
      handler: (event: { readonly key: string; json(): { n: number } }) => ledger.note(event.key, event.json().n),
      ...HOSTINGS[hosting],
    };
    return new World(name, stream, await Keylane.create({ pipelines: { [name]: config }, ...LIMITS }), ledger, hosting);
  }

  async close(): Promise<void> {
    await Promise.all(this.#bridges.map((bridge) => bridge.kill()));
    await this.keylane.close();
    this.stream.close();
  }

  async startBridge(address = devServer().address): Promise<BridgeProcess> {
    const { taskQueue } = this.keylane.settings.temporal;
    const { namespace } = devServer();
    const bridge = await BridgeProcess.start({
      address,
      namespace,
      taskQueue,
      pipeline: this.name,
      stream: this.name,
      endpoint: emulator.endpoint,
      limits: LIMITS,
      hosting: this.#hosting,
    });
    this.#bridges.push(bridge);
    return bridge;
  }

  /** Events `from` to `to` of each key. */
  async write(from: number, to: number, pauseMs = 0): Promise<void> {
    for (let n = from; n <= to; n += 1) {
      const data = JSON.stringify({ n });
      await this.stream.put(Array.from({ length: KEYS }, (_, key) => ({ key: `key-${key}`, data })));
      await delay(pauseMs);
    }
  }

  /** Waits until each key has its events up to `last`. */
  async expectAll(last: number): Promise<void> {
    await eventually(() => this.ledger.count >= KEYS * last, 60_000);
    for (let key = 0; key < KEYS; key += 1) expect(this.ledger.of(`key-${key}`), `key-${key}`).toEqual(upTo(last));
  }

  /** The same, and no lane has accepted anything twice. */
  async expectEachOnce(last: number): Promise<void> {
    await this.expectAll(last);
    const counts = await this.handled();
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(KEYS * last);
  }

  async lanes(status?: 'Running'): Promise<WorkflowExecutionInfo[]> {
    const query = `KeylanePipeline = "${this.name}"${status === undefined ? '' : ` AND ExecutionStatus = "${status}"`}`;
    const found: WorkflowExecutionInfo[] = [];
    for await (const run of this.keylane.client.workflow.list({ query })) found.push(run);
    return found;
  }

  async untilLanesHaveEnded(): Promise<void> {
    await eventually(async () => (await this.lanes('Running')).length === 0, 60_000);
  }

  /** Events handled by each lane that there was: each position that was accepted is one. */
  async handled(): Promise<number[]> {
    const { client } = this.keylane;
    return await Promise.all(
      (await this.lanes()).map(async ({ runId, workflowId }) => {
        return (await client.workflow.getHandle(workflowId, runId).query<LaneView>(QUERIES.lane)).handled;
      }),
    );
  }
}

const test = base.extend<{ hosting: Hosting; world: World }>({
  hosting: 'own',
  world: async ({ hosting }, use) => {
    const world = await World.create(hosting);
    await use(world);
    await world.close();
  },
});

const pooled = test.extend<{ hosting: Hosting }>({ hosting: 'pooled' });

// Most of their time they wait.
describe.concurrent('O1 O4 O6 nothing twice, nothing lost, in order', { timeout: 300_000 }, () => {
  test('when a bridge is killed, lanes become idle, and it is started again later', async ({ world }) => {
    await world.keylane.start(['worker']);
    const first = await world.startBridge();
    await world.write(1, 3);
    await world.expectAll(3);
    await world.untilLanesHaveEnded();

    const writing = world.write(4, 20, 100);
    await eventually(() => world.ledger.count > KEYS * 6, 60_000);
    await first.kill();
    await writing;
    // However fast the first was, these are left.
    await world.write(21, 30);
    const left = (await world.lanes('Running')).length;
    expect(left).toBe(KEYS);
    // Idle for longer than they would live: nobody tells them that the checkpoints have passed their marks.
    await delay(1.5 * IDLE_MS);
    expect((await world.lanes('Running')).length).toBe(left);
    expect(world.ledger.count).toBeLessThan(KEYS * 30);

    const second = await world.startBridge();
    await world.expectAll(30);
    await world.untilLanesHaveEnded();
    await second.kill();
    const third = await world.startBridge();
    await world.write(31, 32);
    await world.expectEachOnce(32);
    await third.stop();
  });

  test('when a bridge stands still with requests on their way, until another took over and lanes ended', async ({
    world,
  }) => {
    const proxy = await StallingProxy.before(devServer().address);
    await world.keylane.start(['worker']);
    const first = await world.startBridge(proxy.address);
    await world.write(1, 3);
    await world.expectAll(3);
    await world.untilLanesHaveEnded();

    // For each key there is a request to the run that took the last one, one that only a lane that runs would take, and one
    // that starts a lane again. The last of all is held up, and it is of the third kind.
    const isHeld = proxy.holdFrom('leaseUntil', 3 * KEYS);
    await world.write(4, 4);
    await isHeld;
    first.signal('SIGSTOP');
    await world.startBridge();
    await world.expectAll(4);
    await world.untilLanesHaveEnded();
    const before = (await world.lanes()).length;

    // The network delivers what the first has sent before it stopped, to lanes that remember nothing of it.
    proxy.release();
    await eventually(async () => (await world.lanes()).length > before, 30_000);
    expect(await world.handled()).toContain(0);
    first.signal('SIGCONT');
    // It notices by its own clocks, or Temporal tells it: whichever comes first.
    await eventually(() => expect(first.output).toMatch(/was frozen|given up this attempt/), 30_000);
    await world.write(5, 8, 200);
    await world.expectEachOnce(8);
    await world.untilLanesHaveEnded();
    await world.expectEachOnce(8);
    await proxy.close();
  });

  test('when the pipeline is terminated in the middle, and started again after lanes became idle', async ({
    world,
  }) => {
    const { keylane } = world;
    await keylane.start(['bridge', 'worker']);
    await world.write(1, 3);
    await world.expectAll(3);
    await world.untilLanesHaveEnded();

    const writing = world.write(4, 20, 100);
    await eventually(() => world.ledger.count > KEYS * 8, 60_000);
    await keylane.client.workflow.getHandle(world.name).terminate('by mistake');
    await writing;
    await delay(1.5 * IDLE_MS);
    expect((await world.lanes('Running')).length).toBe(KEYS);
    await keylane.stop();
    await keylane.start(['bridge', 'worker']);
    await world.expectAll(20);
    await world.untilLanesHaveEnded();
    await world.write(21, 22);
    await world.expectEachOnce(22);
  });

  pooled(
    'with pools, when a bridge stands still with requests on their way, until another took over',
    async ({ world }) => {
      const { client } = world.keylane;
      const keys = Array.from({ length: KEYS }, (_, key) => `key-${key}`);
      const proxy = await StallingProxy.before(devServer().address);
      await world.keylane.start(['worker']);
      const first = await world.startBridge(proxy.address);
      await world.write(1, 3);
      await world.expectAll(3);

      const isHeld = proxy.holdFrom('leaseUntil');
      await world.write(4, 4);
      await isHeld;
      first.signal('SIGSTOP');
      await world.startBridge();
      await world.write(5, 6);
      await world.expectAll(6);

      // What the first has sent before it stopped comes to pools that have gone on.
      const before = await sentPositions(client, world.name);
      proxy.release();
      await eventually(async () => (await sentPositions(client, world.name)).length > before.length, 30_000);
      first.signal('SIGCONT');
      await eventually(() => expect(first.output).toMatch(/was frozen|given up this attempt/), 30_000);
      await world.write(7, 8);
      await world.expectAll(8);
      await eventually(async () => (await handledBy(client, world.name, 'pooled', keys)) === KEYS * 8);
      await world.expectAll(8);
      await proxy.close();
    },
  );
});
