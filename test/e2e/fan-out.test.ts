/** Enhanced fan-out with everything around it: kinesis-local, which has it, and a real Temporal server. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { kinesis } from '../../contracts/public/source-config.ts';
import { PIPELINE_UPDATES } from '../../contracts/pipeline/messages.ts';
import type { PipelineOptions } from '../../contracts/pipeline/options.ts';
import { sentPositions } from '../support/accepted.ts';
import { EMULATOR_ENV, FaultProxy, KinesisStream, startKinesisLocal, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';

const KEYS = 12;
/** Far below the time after which a subscription that says nothing is given up (30 s), and below a shift. */
const PROMPTLY_MS = 5000;

let emulator: Server;
let proxy: FaultProxy;
let stream: KinesisStream;
let keylane: Keylane | undefined;
let ledger: Ledger;
let name: string;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesisLocal();
});
afterAll(() => emulator.stop());
afterEach(async () => {
  await keylane?.close();
  keylane = undefined;
  stream.close();
  await proxy.stop();
});

async function open(shards: number, options: Partial<PipelineOptions> = {}): Promise<Keylane> {
  name = uniqueName();
  ledger = new Ledger();
  const book = ledger;
  proxy = await FaultProxy.before(emulator.endpoint);
  stream = await KinesisStream.create(emulator.endpoint, name, shards);
  const source = kinesis({ stream: name, endpoint: proxy.endpoint, fanOut: { consumer: 'keylane' } });
  const handler = (event: { key: string; json(): { n: number } }) => book.note(event.key, event.json().n);
  keylane = await Keylane.create({ pipelines: { [name]: { source, handler } }, options });
  return keylane;
}

/** The next `count` events of each key. */
async function write(count: number, from: number): Promise<void> {
  await stream.put(
    Array.from({ length: KEYS * count }, (_, index) => {
      return { key: `key-${index % KEYS}`, data: JSON.stringify({ n: from + Math.floor(index / KEYS) }) };
    }),
  );
}

async function expectAll(last: number): Promise<void> {
  await eventually(() => ledger.count >= KEYS * last, 60_000);
  for (let key = 0; key < KEYS; key += 1) expect(ledger.of(`key-${key}`)).toEqual(upTo(last));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

const noReaders = async (it: Keylane) => (await it.status(name)).readers === 0;
const subscriptions = () => proxy.calls('SubscribeToShard').length;

test('O1 O4 O6 every event is handled once and in order by way of the consumer, over a pause and a restart', async () => {
  const it = await open(4, { maxReaders: 2 });
  await write(10, 1);
  await it.start();
  await expectAll(10);
  await write(10, 11);
  await expectAll(20);
  const handle = it.client.workflow.getHandle(name);
  await handle.executeUpdate(PIPELINE_UPDATES.pause, { args: [{ by: 'ann' }] });
  await eventually(() => noReaders(it));
  await write(10, 21);
  await handle.executeUpdate(PIPELINE_UPDATES.resume);
  await expectAll(30);
  await it.stop();
  await write(10, 31);
  await it.start();
  await expectAll(40);
  const sent = await sentPositions(it.client, name);
  expect(new Set(sent).size).toBe(KEYS * 40);
  expect(sent).toHaveLength(KEYS * 40);
  expect(proxy.calls('RegisterStreamConsumer')).toHaveLength(1);
  expect(proxy.calls('GetRecords')).toEqual([]);
});

test('readers come home promptly while nothing comes over their subscriptions: pause, stop of the process', async () => {
  const it = await open(3, { maxReaders: 2 });
  proxy.spoil('SubscribeToShard', ...Array.from({ length: 6 }, () => 'silence' as const));
  await it.start();
  await eventually(() => subscriptions() === 3);
  const handle = it.client.workflow.getHandle(name);
  await handle.executeUpdate(PIPELINE_UPDATES.pause, { args: [{ by: 'ann' }] });
  expect(await timed(() => eventually(() => noReaders(it), 60_000))).toBeLessThan(PROMPTLY_MS);
  await handle.executeUpdate(PIPELINE_UPDATES.resume);
  await eventually(() => subscriptions() === 6);
  expect(await timed(() => it.stop())).toBeLessThan(PROMPTLY_MS);
  await write(1, 1);
  await it.start();
  await expectAll(1);
});

test('O4 O6 a pipeline continues as new while its subscriptions are there and quiet, and goes on', async () => {
  const it = await open(2, { eventsPerRun: 40, discoverEveryMs: 300 });
  const runIdOf = async () => (await it.client.workflow.getHandle(name).describe()).runId;
  await it.start();
  await write(1, 1);
  await expectAll(1);
  for (let n = 2; n <= 3; n += 1) {
    const run = await runIdOf();
    await eventually(async () => (await runIdOf()) !== run, 60_000);
    await write(1, n);
    await expectAll(n);
  }
  expect(new Set(await sentPositions(it.client, name)).size).toBe(KEYS * 3);
});
