/** Records of up to 10 MiB, from a stream through a store to the handler, on a real Temporal server. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { laneView } from '../../operations/lanes/lane-view.ts';
import { folder, s3, type LargeEventsConfig } from '../../contracts/public/store-config.ts';
import { kinesis } from '../../contracts/public/source-config.ts';
import type { Handler } from '../../contracts/public/handler.ts';
import { DATA_GONE, LARGE_EVENT } from '../../contracts/event/large-events.ts';
import { BridgeProcess } from '../support/bridge-process.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, findS3Gateway, startS3Gateway } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { FakeAws, type FakeKinesisStream, systemClock } from '../support/fake-aws/index.ts';
import { HOSTINGS, type Hosting } from '../support/hostings.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { StallingProxy } from '../support/stalling-proxy.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const gateway = await findS3Gateway();

let fake: FakeAws<typeof systemClock>;
let stream: FakeKinesisStream;
let name: string;
let store: string;
let closing: (() => Promise<unknown>)[];
/** Digests of what handlers were given, by key. */
let seen: Map<string, string[]>;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  fake = await FakeAws.start({ clock: systemClock });
});
afterAll(() => fake.stop());

beforeEach(async () => {
  name = uniqueName();
  store = await mkdtemp(join(tmpdir(), 'keylane-large-'));
  stream = fake.createStream(name, { shards: 2 });
  closing = [() => rm(store, { recursive: true, force: true })];
  seen = new Map();
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
});

const note: Handler = (event) => {
  seen.set(event.key, [...(seen.get(event.key) ?? []), digestOf(event.data)]);
};

async function open(
  largeEvents: LargeEventsConfig,
  { hosting = 'own', ...more }: { readonly taskQueue?: string; readonly hosting?: Hosting } = {},
): Promise<Keylane> {
  const source = kinesis({ stream: name, endpoint: fake.endpoint });
  const retry = { maxAttempts: 2, initialInterval: '50ms', maxInterval: '100ms' } as const;
  const keylane = await Keylane.create({
    pipelines: { [name]: { source, handler: note, retry, largeEvents, ...HOSTINGS[hosting] } },
    ...more,
  });
  closing.push(() => keylane.close());
  return keylane;
}

/** Writes a record of so many bytes; gives its digest. */
function put(key: string, bytes: number): string {
  // Some as text, some not.
  const data = bytes % 2 === 0 ? randomBytes(bytes) : Buffer.alloc(bytes, `{"n":"${bytes}"}`);
  stream.put({ key, data });
  return digestOf(data);
}

const digestOf = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
const count = () => [...seen.values()].flat().length;
const stored = async (within = store) => {
  const entries = await readdir(within, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
};

/** A store of each kind, and the folder in which it keeps its objects. */
const STORES = {
  'a folder': async () => ({ kept: store, store: folder(store) }),
  S3: async () => {
    const server = await startS3Gateway(gateway ?? '', 'large-events');
    closing.push(() => server.stop());
    return { kept: server.folder, store: s3({ bucket: 'large-events', prefix: 'test', endpoint: server.endpoint }) };
  },
};

const ways = [
  ['own', 'a folder'],
  ['own', 'S3'],
  ['pooled', 'a folder'],
] as const;

test.each(ways.filter(([, where]) => where !== 'S3' || gateway !== undefined))(
  'O1 O4 O9 %s hosting, records of 10 bytes to 10 MiB by %s: all handled, in order, and nothing stays there',
  async (hosting, where) => {
    const { kept, ...largeEvents } = await STORES[where]();
    const written = new Map<string, string[]>();
    const sizes = [10, 70 * KIB, 4 * MIB + 1, 64 * KIB, 10 * MIB, 333, MIB + 1, 3 * MIB];
    for (const [round, bytes] of sizes.entries()) {
      for (let key = 0; key < 3; key += 1) {
        const digest = put(`key-${key}`, key === round % 3 ? bytes : bytes % (200 * KIB));
        written.set(`key-${key}`, [...(written.get(`key-${key}`) ?? []), digest]);
      }
    }
    const keylane = await open(largeEvents, { hosting });
    await keylane.start();
    await eventually(() => count() >= 3 * sizes.length, 60_000);
    expect(seen).toEqual(written);
    await eventually(async () => (await stored(kept)).length === 0);
    for (const key of written.keys()) {
      const history = await keylane.client.workflow.getHandle(`${name}:${key}`).fetchHistory();
      // What went inline is there twice: as it came, and as it was given to the handler.
      expect(JSON.stringify(history).length).toBeLessThan(3 * MIB);
    }
  },
);

test('O3 O5 O9 without a store a large event keeps its place, and is handled after a retry when there is one', async () => {
  const taskQueue = uniqueName('queue-');
  const without = await open({}, { taskQueue });
  await without.start();
  const before = put('a', 10);
  const large = [put('a', 10 * MIB), put('a', 2 * MIB)];
  const after = put('a', 100);
  put('b', 10);
  await eventually(async () => (await without.status(name)).lanes.blocked === 1);
  await eventually(() => count() === 2);
  await eventually(async () => (await without.view(name, 'a')).waiting === 2);
  const { phase, head } = await without.view(name, 'a');
  expect(phase).toMatchObject({ state: 'blocked', failure: { type: LARGE_EVENT } });
  expect(head).toMatchObject({ size: 10 * MIB, data: { sourceOnly: {} } });
  expect((await laneView(without.client, name, 'a')).keptUntil).toBe((head?.arrivedAt ?? 0) + 86_400_000);
  const message = phase.state === 'blocked' ? phase.failure.message : '';
  expect(message).toContain('(10 MiB) is larger than what goes through Temporal (1 MiB)');
  expect(message).toContain('Set largeEvents.store');
  // A day from its arrival on.
  const until = /until (?<time>\S+Z)\.$/.exec(message)?.groups?.['time'] ?? '';
  expect(Date.parse(until)).toBe((head?.arrivedAt ?? 0) + 86_400_000);
  await without.stop();

  const withStore = await open({ store: folder(store) }, { taskQueue });
  await withStore.start();
  await withStore.decide(name, 'a', 'retry');
  await eventually(() => seen.get('a')?.length === 4, 30_000);
  expect(seen.get('a')).toEqual([before, ...large, after]);
  await eventually(async () => (await stored()).length === 0);
});

test('O10 a large event that was left in the source for too long is gone, and its key says so until a person decides', async () => {
  const taskQueue = uniqueName('queue-');
  const without = await open({}, { taskQueue });
  await without.start();
  put('a', MIB);
  const after = put('a', 10);
  await eventually(async () => (await without.status(name)).lanes.blocked === 1);
  await without.stop();
  stream.retentionMs = 1;
  const withStore = await open({ store: folder(store) }, { taskQueue });
  await withStore.start();
  await withStore.decide(name, 'a', 'retry');
  const failure = async () => {
    const { phase } = await withStore.view(name, 'a');
    return phase.state === 'blocked' ? phase.failure : undefined;
  };
  await eventually(async () => (await failure())?.type === DATA_GONE);
  expect((await failure())?.message).toContain('gone for good');
  await withStore.decide(name, 'a', 'skip');
  await eventually(() => count() === 1);
  expect(seen.get('a')).toEqual([after]);
});

test('O4 O6 a bridge that is killed when the data is stored and its event not handed over: once, and nothing stays', async () => {
  const { address, namespace } = devServer();
  const keylane = await open({ store: folder(store) });
  const setup = {
    namespace,
    taskQueue: keylane.settings.temporal.taskQueue,
    pipeline: name,
    stream: name,
    endpoint: fake.endpoint,
    limits: { options: { heartbeatTimeoutMs: 2500 } },
    largeEvents: { store: folder(store) },
  };
  await keylane.start(['worker']);
  const proxy = await StallingProxy.before(address);
  const killed = await BridgeProcess.start({ ...setup, address: proxy.address });
  put('another', 10);
  await eventually(() => count() === 1);
  const handedOver = proxy.holdFrom('leaseUntil');
  const written = [put('the-key', MIB), put('the-key', 10), put('the-key', 2 * MIB)];
  await handedOver;
  expect((await stored()).length).toBeGreaterThan(0);
  await killed.kill();
  await proxy.close();
  expect(seen.size).toBe(1);

  const next = await BridgeProcess.start({ ...setup, address });
  closing.push(() => next.kill());
  await eventually(() => seen.get('the-key')?.length === 3, 30_000);
  expect(seen.get('the-key')).toEqual(written);
  await eventually(async () => (await stored()).length === 0);
});
