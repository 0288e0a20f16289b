/**
 * Temporal itself is killed, again and again, in the middle of everything. Its database is a file with
 * `synchronous=NORMAL`, which loses nothing when the server is killed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { kinesis } from '../../contracts/public/source-config.ts';
import { startDevServer, type DevServer } from '../../worker/temporal-server/dev-server.ts';
import { freePort } from '../../worker/temporal-server/ports.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from '../../worker/temporal-server/search-attributes.ts';
import { handledBy } from './accepted.ts';
import { devServer } from './dev-server.ts';
import { KinesisStream } from './emulators/index.ts';
import { eventually } from './eventually.ts';
import { HOSTINGS, type Hosting } from './hostings.ts';
import { Keylane, uniqueName } from './keylane.ts';
import { Ledger, upTo } from './ledger.ts';
import { runsOn, type Run } from './runs.ts';

const MINUTE = 60_000;
const WRITE_EVERY_MS = 250;

export interface KilledPlan {
  /** Of the stream. */
  readonly endpoint: string;
  /** @default own */
  readonly hosting?: Hosting;
  readonly keys: number;
  readonly perKey: number;
  /** How long the server is away, in ms, at each of its kills. They are spread evenly over the events. */
  readonly downMs: readonly number[];
}

export interface KilledCourse {
  /** From each new start of the server until an event had been handled. */
  readonly untilHandledMs: readonly number[];
  /** Handler calls whose end the server did not hear of (O7). */
  readonly repeats: number;
  readonly runs: readonly Run[];
}

/** Writes, kills, waits until everything has been handled, and checks order and loss. */
export async function killTheServer(plan: KilledPlan): Promise<KilledCourse> {
  const folder = await mkdtemp(join(tmpdir(), 'keylane-killed-'));
  const server = await MortalServer.start(folder);
  const stream = await KinesisStream.create(plan.endpoint, uniqueName(), 2);
  const ledger = new Ledger();
  const handler = (event: { readonly key: string; json(): { n: number } }) => ledger.note(event.key, event.json().n);
  const source = kinesis({ stream: stream.name, endpoint: plan.endpoint });
  const pipeline = { source, handler, ...HOSTINGS[plan.hosting ?? 'own'] };
  const keylane = await Keylane.create({ pipelines: { [stream.name]: pipeline }, address: server.address });
  try {
    await keylane.start();
    return await run(plan, { server, stream, ledger, keylane });
  } finally {
    await keylane.close();
    stream.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Parts {
  readonly server: MortalServer;
  readonly stream: KinesisStream;
  readonly ledger: Ledger;
  readonly keylane: Keylane;
}

async function run({ downMs, hosting = 'own', keys, perKey }: KilledPlan, parts: Parts): Promise<KilledCourse> {
  const { server, stream, ledger, keylane } = parts;
  const writing = write(stream, keys, perKey);
  const untilHandledMs: number[] = [];
  for (const [index, ms] of downMs.entries()) {
    await eventually(() => ledger.count >= ((index + 1) * keys * perKey) / (downMs.length + 2), 10 * MINUTE);
    await server.kill();
    await delay(ms);
    const before = ledger.count;
    const startedAt = Date.now();
    await server.startAgain();
    await eventually(() => ledger.count > before, MINUTE);
    untilHandledMs.push(Date.now() - startedAt);
  }
  await writing;
  const names = Array.from({ length: keys }, (_, key) => `key-${key}`);
  await eventually(() => names.every((key) => new Set(ledger.of(key)).size === perKey), 10 * MINUTE);
  for (const key of names) {
    // A call whose end the server did not hear of is made again (O7), before the next event.
    const firsts = ledger.of(key).filter((n, index, all) => all.indexOf(n) === index);
    expect(firsts, key).toEqual(upTo(perKey));
  }
  const { client } = keylane;
  await eventually(async () => (await handledBy(client, stream.name, hosting, names)) >= keys * perKey);
  expect(await handledBy(client, stream.name, hosting, names)).toBe(keys * perKey);
  const runs = await runsOn(keylane.client, keylane.settings.temporal.taskQueue);
  return { untilHandledMs, repeats: ledger.count - keys * perKey, runs };
}

/** Always at the same address, with the same database. */
class MortalServer {
  #server: DevServer;
  readonly #start: () => Promise<DevServer>;

  private constructor(server: DevServer, start: () => Promise<DevServer>) {
    this.#server = server;
    this.#start = start;
  }

  static async start(folder: string): Promise<MortalServer> {
    const { binary, namespace } = devServer();
    const [database, port] = [join(folder, 'temporal.db'), await freePort('127.0.0.1')];
    const options = { binary, database, headless: true, namespace, port, searchAttributes: KEYLANE_SEARCH_ATTRIBUTES };
    const start = () => startDevServer(options);
    return new MortalServer(await start(), start);
  }

  get address(): string {
    return this.#server.address;
  }

  async kill(): Promise<void> {
    process.kill(this.#server.pid, 'SIGKILL');
    await this.#server.ended;
  }

  async startAgain(): Promise<void> {
    this.#server = await this.#start();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

async function write(stream: KinesisStream, keys: number, perKey: number): Promise<void> {
  for (let n = 1; n <= perKey; n += 1) {
    const data = JSON.stringify({ n });
    await stream.put(Array.from({ length: keys }, (_, key) => ({ key: `key-${key}`, data })));
    await delay(WRITE_EVERY_MS);
  }
}
