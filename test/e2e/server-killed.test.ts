/**
 * Temporal itself is killed, again and again, in the middle of everything: bridge and worker wait, say so once, and go on.
 * Its database is a file with `synchronous=NORMAL`, which loses nothing when the server is killed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinesis } from '../../contracts/config.ts';
import { startDevServer, type DevServer } from '../../worker/temporal-server/dev-server.ts';
import { freePort } from '../../worker/temporal-server/ports.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from '../../worker/temporal-server/search-attributes.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';

const KEYS = 20;
const EVENTS = 60;
const KILLS = 2;
const DOWN_MS = 3000;

let emulator: Server;
let folder: string;
let server: DevServer;
let port: number;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite();
  folder = await mkdtemp(join(tmpdir(), 'keylane-killed-'));
  port = await freePort('127.0.0.1');
  server = await start();
});
afterAll(async () => {
  await server.stop();
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<DevServer> {
  const database = join(folder, 'temporal.db');
  const { binary, namespace } = devServer();
  const searchAttributes = KEYLANE_SEARCH_ATTRIBUTES;
  return await startDevServer({ binary, database, headless: true, namespace, port, searchAttributes });
}

async function kill(): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  await server.ended;
  await delay(DOWN_MS);
  server = await start();
}

test('O1 O4 O6 O9 nothing is lost, nothing comes twice, and the order is kept', async () => {
  const name = uniqueName();
  const ledger = new Ledger();
  const stream = await KinesisStream.create(emulator.endpoint, name, 2);
  const handler = (event: { readonly key: string; json(): { n: number } }) => ledger.note(event.key, event.json().n);
  const source = kinesis({ stream: name, endpoint: emulator.endpoint });
  const keylane = await Keylane.create({ pipelines: { [name]: { source, handler } }, address: server.address });
  await keylane.start();
  const writing = write(stream);
  for (let killed = 1; killed <= KILLS; killed += 1) {
    await eventually(() => ledger.count >= (killed * KEYS * EVENTS) / (KILLS + 2), 60_000);
    await kill();
  }
  await writing;
  const keys = Array.from({ length: KEYS }, (_, key) => `key-${key}`);
  await eventually(() => keys.every((key) => new Set(ledger.of(key)).size === EVENTS), 120_000);
  for (const key of keys) {
    // A call whose end the server did not hear of is made again (O7), before the next event.
    const firsts = ledger.of(key).filter((n, index, all) => all.indexOf(n) === index);
    expect(firsts, key).toEqual(upTo(EVENTS));
    expect((await keylane.view(name, key)).handled, key).toBe(EVENTS);
  }
  await keylane.close();
  stream.close();
}, 300_000);

async function write(stream: KinesisStream): Promise<void> {
  for (let n = 1; n <= EVENTS; n += 1) {
    const data = JSON.stringify({ n });
    await stream.put(Array.from({ length: KEYS }, (_, key) => ({ key: `key-${key}`, data })));
    await delay(250);
  }
}
