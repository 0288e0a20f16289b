/** Bridge and worker killed in mid-run, again and again: nothing lost, order kept, nothing accepted twice. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poolsStatus } from '../../operations/pools/pools.ts';
import { QUERIES } from '../../contracts/names.ts';
import type { LaneView } from '../../contracts/lane/view.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { KeylaneProcess } from '../support/keylane-process.ts';
import { uniqueName } from '../support/keylane.ts';
import { LedgerProject, outOfOrder, type Booked } from '../support/ledger-project.ts';

const KEYS = 30;
const KILLS = 3;
const ROWS_AFTER_THE_LAST_KILL = 10;

let emulator: Server;
beforeAll(async () => {
  emulator = await startKinesalite();
});
afterAll(() => emulator.stop());

const POOLS = 4;
const HOSTINGS = { own: '', pooled: `hosting: 'pooled', pools: { count: ${POOLS} }` } as const;

test.each(['own', 'pooled'] as const)(
  'O1 O4 O6 O7 %s hosting, bridge and worker killed with SIGKILL in mid-run: nothing lost, order kept, nothing accepted twice',
  async (hosting) => {
    const pipeline = uniqueName();
    const stream = await KinesisStream.create(emulator.endpoint, pipeline, 4);
    const project = await LedgerProject.create({ stream: pipeline, pipeline, handlerMs: 5, more: HOSTINGS[hosting] });
    const { address } = devServer();
    const env = { ...EMULATOR_ENV, AWS_ENDPOINT_URL_KINESIS: emulator.endpoint, TEMPORAL_ADDRESS: address };
    const start = (role: string) => new KeylaneProcess([role], { cwd: project.folder, env });
    const processes = { bridge: start('bridge'), worker: start('worker') };

    // Written for as long as things are killed, and a little beyond: every kill comes in the middle of the work.
    let rows = 0;
    const writeRow = async () => {
      rows += 1;
      await stream.put(
        Array.from({ length: KEYS }, (_, index) => ({ key: `key-${index}`, data: JSON.stringify({ n: rows }) })),
      );
    };
    const killed = new AbortController();
    const writing = (async () => {
      while (!killed.signal.aborted) {
        await writeRow();
        await delay(300);
      }
      for (let more = 0; more < ROWS_AFTER_THE_LAST_KILL; more += 1) await writeRow();
    })();

    for (let round = 1; round <= KILLS; round += 1) {
      for (const role of ['bridge', 'worker'] as const) {
        const before = (await project.booked()).length;
        // Killed only when it has been seen at work since the last kill.
        await eventually(async () => (await project.booked()).length > before + KEYS, 90_000);
        await processes[role].signal('SIGKILL');
        processes[role] = start(role);
      }
    }
    killed.abort();
    await writing;

    const calls = async () => byKeyOf(await project.booked());
    await eventually(async () => {
      const byKey = await calls();
      return byKey.size === KEYS && [...byKey.values()].every((of) => new Set(of.map(({ n }) => n)).size === rows);
    }, 120_000);

    const byKey = await calls();
    for (const [key, of] of byKey) expect(outOfOrder(of.map(({ n }) => n)), key).toBeUndefined();

    // What the lanes have accepted: each event once, whatever was sent again or called again.
    const client = new Client({ connection: await Connection.connect({ address }) });
    const accepted =
      hosting === 'own'
        ? acceptedByLanes(client, pipeline, [...byKey.keys()], rows)
        : acceptedByPools(client, pipeline, KEYS * rows);
    await eventually(accepted);
    await client.connection.close();
    const ends = await Promise.all([processes.bridge.signal('SIGTERM'), processes.worker.signal('SIGTERM')]);
    expect(ends.map((end) => end.code)).toEqual([0, 0]);
    stream.close();
    await project.remove();
  },
  300_000,
);

function acceptedByLanes(client: Client, pipeline: string, keys: readonly string[], each: number) {
  return async (): Promise<boolean> => {
    const views = await Promise.all(
      keys.map((key) => client.workflow.getHandle(`${pipeline}:${key}`).query<LaneView>(QUERIES.lane)),
    );
    return views.every((view) => view.handled === each && view.head === undefined);
  };
}

/** A batch that was lost leaves its events to the next one, so what pools have handled is what they have accepted. */
function acceptedByPools(client: Client, pipeline: string, all: number) {
  return async (): Promise<boolean> => {
    const { handled, moved, waiting } = await poolsStatus(client, pipeline, POOLS);
    return handled === all && moved === 0 && waiting === 0;
  };
}

function byKeyOf(booked: readonly Booked[]): Map<string, Booked[]> {
  const byKey = new Map<string, Booked[]>();
  for (const call of booked) byKey.set(call.key, [...(byKey.get(call.key) ?? []), call]);
  return byKey;
}
