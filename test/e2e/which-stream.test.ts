/** Which stream a pipeline reads, from which moment, and whether it keeps an order: on emulators and the fake. */
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { exitCodeOf } from '../../cli/errors.ts';
import { dynamodb, kinesis } from '../../contracts/public/source-config.ts';
import type { Handler } from '../../contracts/public/handler.ts';
import type { PipelineConfig } from '../../contracts/public/pipeline-config.ts';
import { OtherStreamError, UnorderedStreamError } from '../../worker/stream-check.ts';
import {
  DynamodbTable,
  EMULATOR_ENV,
  KinesisStream,
  startDynamodbLocal,
  startKinesalite,
  type Server,
} from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { FakeAws } from '../support/fake-aws/index.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';

const OFTEN = { options: { discoverEveryMs: 500 } };
const servers: Server[] = [];
const opened: Keylane[] = [];

beforeAll(() => Object.assign(process.env, EMULATOR_ENV));
afterEach(async () => {
  for (const keylane of opened.splice(0)) await keylane.close();
});
afterAll(async () => {
  for (const started of servers) await started.stop();
});

async function server(start: () => Promise<Server>): Promise<string> {
  const started = await start();
  servers.push(started);
  return started.endpoint;
}

async function open(name: string, config: PipelineConfig, more: object = OFTEN): Promise<Keylane> {
  const keylane = await Keylane.create({ pipelines: { [name]: config }, ...more });
  opened.push(keylane);
  return keylane;
}

const note =
  (ledger: Ledger): Handler =>
  (event) =>
    ledger.note(event.key, event.json().n);

const records = (count: number, key = 'a') => upTo(count).map((n) => ({ key, data: JSON.stringify({ n }) }));

describe('on Kinesis', () => {
  const start = startKinesalite;

  test('another stream of the same name, on another emulator, is refused at start, and --start-over reads it (fault C1)', async () => {
    const name = uniqueName();
    const [here, there] = await Promise.all([server(start), server(start)]);
    const ours = await KinesisStream.create(here, name);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const theirs = await KinesisStream.create(there, name);
    await ours.put(records(20));
    await theirs.put(records(15));
    const [first, second] = [new Ledger(), new Ledger()];
    const taskQueue = uniqueName('queue-');
    const run = await open(
      name,
      { source: kinesis({ stream: name, endpoint: here }), handler: note(first) },
      { ...OFTEN, taskQueue },
    );
    await run.start();
    await eventually(() => first.count === 20);
    // While the first one runs, and after it.
    const more = { ...OFTEN, taskQueue };
    const joins = await open(name, { source: kinesis({ stream: name, endpoint: there }), handler: note(second) }, more);
    const refused = await joins.start().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OtherStreamError);
    expect(exitCodeOf(refused)).toBe(2);
    expect((refused as Error).message).toMatch(
      new RegExp(`reads .*${name}, created .*${here}.*another stream.*${name}, created .*${there}.*--start-over`),
    );
    await ours.put([{ key: 'a', data: '{"n":21}' }]);
    await eventually(() => first.count === 21);
    await run.stop();
    await expect(joins.start()).rejects.toThrow(OtherStreamError);
    expect(second.count).toBe(0);
    await joins.start(['bridge', 'worker'], { startOver: true });
    await eventually(() => second.count === 15);
    expect(second.of('a')).toEqual(upTo(15));
    // The same emulator on another port would be the same stream: only the endpoint differs.
    expect((await joins.status(name)).stream).toMatchObject({ endpoint: there });
    ours.close();
    theirs.close();
  });

  test('a stream that is deleted and created anew, with shards finished: reading stops and says so, and its records are not passed over (fault C2)', async () => {
    const name = uniqueName();
    const endpoint = await server(start);
    const stream = await KinesisStream.create(endpoint, name, 1);
    await stream.put(records(10));
    const [shard] = await stream.shards();
    await stream.split(shard?.ShardId ?? '');
    const ledger = new Ledger();
    const keylane = await open(name, { source: kinesis({ stream: name, endpoint }), handler: note(ledger) });
    await keylane.start();
    await eventually(() => ledger.count === 10);
    await eventually(async () => (await keylane.status(name)).shards.some(({ state }) => state === 'finished'));
    await stream.recreate();
    await stream.put(records(12, 'b'));
    await eventually(async () => (await keylane.status(name)).state === 'stopped', 20_000);
    const status = await keylane.status(name);
    expect(status.otherStream?.found.createdAt).not.toBe(status.stream?.createdAt);
    expect(status.otherStream?.found.arn).toBe(status.stream?.arn);
    // What was left of the two open shards is lost with them (O10).
    expect(status.gaps.count).toBe(2);
    await eventually(async () => (await keylane.status(name)).readers === 0);
    await keylane.stop();
    await expect(keylane.start()).rejects.toThrow(/another stream.*--start-over/);
    await keylane.start(['bridge', 'worker'], { startOver: true });
    await eventually(() => ledger.of('b').length === 12);
    expect(ledger.of('b')).toEqual(upTo(12));
    expect((await keylane.status(name)).state).toBe('reading');
    stream.close();
  });
});

describe('a machine whose clock is 150 s ahead of the source', () => {
  const behind = { now: () => Date.now() - 150_000 };
  let fake: FakeAws<typeof behind>;
  beforeAll(async () => void (fake = await FakeAws.start({ clock: behind, tellsTime: true })));
  afterAll(() => fake.stop());

  test('LATEST on Kinesis reads all that is written after the start (fault C3)', async () => {
    const name = uniqueName();
    const stream = fake.createStream(name, { shards: 2 });
    stream.put({ key: 'old', data: Buffer.from('{"n":0}') });
    // Its time is told by the second.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const ledger = new Ledger();
    const source = kinesis({ stream: name, endpoint: fake.endpoint, startAt: 'LATEST' });
    const keylane = await open(name, { source, handler: note(ledger) });
    await keylane.start();
    for (const n of upTo(40)) stream.put({ key: 'a', data: Buffer.from(JSON.stringify({ n })) });
    await eventually(() => ledger.count === 40);
    expect(ledger.of('a')).toEqual(upTo(40));
    expect(ledger.of('old')).toEqual([]);
  });

  test('LATEST on DynamoDB reads all that is written after the start (fault C3)', async () => {
    const name = uniqueName();
    const table = fake.createTable(name);
    const ledger = new Ledger();
    const source = dynamodb({ table: name, endpoint: fake.endpoint, startAt: 'LATEST' });
    const handler: Handler = (event) => ledger.note(event.key, Number(event.change?.newImage?.['n']));
    const keylane = await open(name, { source, handler });
    await keylane.start();
    for (const n of upTo(40)) table.put({ id: { S: 'a' } }, { n: { N: String(n) } });
    await eventually(() => ledger.count === 40);
    expect(ledger.of('a')).toEqual(upTo(40));
  });
});

describe('a stream that spreads the records of a key (RecordDistributionStrategy AUTO)', () => {
  const clock = { now: () => Date.now() };
  let fake: FakeAws<typeof clock>;
  beforeAll(async () => void (fake = await FakeAws.start({ clock })));
  afterAll(() => fake.stop());

  test("is refused at start with the reason, and read with order 'none', every record once (fault C4)", async () => {
    const name = uniqueName();
    const stream = fake.createStream(name, { shards: 3, distribution: 'AUTO' });
    for (const n of upTo(30)) stream.put({ key: 'a', data: Buffer.from(JSON.stringify({ n })) });
    const ledger = new Ledger();
    const config = { source: kinesis({ stream: name, endpoint: fake.endpoint }), handler: note(ledger) };
    const strict = await open(name, config);
    const refused = await strict.start().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UnorderedStreamError);
    expect(exitCodeOf(refused)).toBe(2);
    expect((refused as Error).message).toMatch(/distribution strategy AUTO.*`order: 'none'`/);
    expect(ledger.count).toBe(0);
    const lax = await open(name, { ...config, order: 'none' });
    await lax.start();
    await eventually(() => ledger.count === 30);
    expect([...ledger.of('a')].toSorted((a, b) => Number(a) - Number(b))).toEqual(upTo(30));
    expect((await lax.status(name)).unordered).toBeUndefined();
  });

  test('a flip under a running pipeline is told by status, and taken back with it (fault C4)', async () => {
    const name = uniqueName();
    const stream = fake.createStream(name, { shards: 3, distribution: 'USER_PARTITION_KEY' });
    const keylane = await open(name, { source: kinesis({ stream: name, endpoint: fake.endpoint }), handler: () => {} });
    await keylane.start();
    await eventually(async () => (await keylane.status(name)).stream !== undefined);
    expect((await keylane.status(name)).unordered).toBeUndefined();
    stream.distribution = 'AUTO';
    await eventually(async () => (await keylane.status(name)).unordered !== undefined);
    expect((await keylane.status(name)).state).toBe('reading');
    stream.distribution = 'USER_PARTITION_KEY';
    await eventually(async () => (await keylane.status(name)).unordered === undefined);
  });
});

describe('on DynamoDB Local', () => {
  test('a table of the same name in another place is refused; one that is created anew here goes on (fault C1)', async () => {
    const name = uniqueName();
    const [here, there] = await Promise.all([server(startDynamodbLocal), server(startDynamodbLocal)]);
    const [ours, theirs] = [await DynamodbTable.create(here, name), await DynamodbTable.create(there, name)];
    const ledger = new Ledger();
    const handler: Handler = (event) => ledger.note(event.key, Number(event.change?.newImage?.['n']));
    const put = (table: DynamodbTable, n: number) => table.put({ id: { S: 'a' }, n: { N: String(n) } });
    const keylane = await open(name, { source: dynamodb({ table: name, endpoint: here }), handler });
    await put(ours, 1);
    await keylane.start();
    await eventually(() => ledger.count === 1);
    const moved = await open(name, { source: dynamodb({ table: name, endpoint: there }), handler });
    await expect(moved.start()).rejects.toThrow(OtherStreamError);
    await ours.recreate();
    await put(ours, 2);
    await eventually(() => ledger.count === 2, 30_000);
    expect((await keylane.status(name)).state).toBe('reading');
    await keylane.stop();
    await keylane.start();
    ours.close();
    theirs.close();
  });
});

test('a bridge that shares its task queue with pipelines of another settings file names them (fault C5)', async () => {
  const clock = { now: () => Date.now() };
  const fake = await FakeAws.start({ clock });
  const [ours, theirs] = [uniqueName(), uniqueName()];
  for (const name of [ours, theirs]) fake.createStream(name);
  const taskQueue = uniqueName('queue-');
  const config = (name: string) => ({ source: kinesis({ stream: name, endpoint: fake.endpoint }), handler: () => {} });
  const first = await open(theirs, config(theirs), { ...OFTEN, taskQueue });
  await first.start(['bridge']);
  const second = await open(ours, config(ours), { ...OFTEN, taskQueue });
  const said: string[] = [];
  await eventually(async () => {
    const log = pino({ level: 'warn' }, { write: (line: string) => said.push(line) });
    await second.start(['bridge'], { log });
    await second.stop();
    return said.some(
      (line) => line.includes(theirs) && line.includes('temporal.taskQueue') && !line.includes(`${ours},`),
    );
  }, 60_000);
  await fake.stop();
});
