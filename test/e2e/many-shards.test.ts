/**
 * A thousand shards: a few readers read all of them, within seconds, listings keep to what AWS allows, and the workflow of
 * the pipeline stays far from every limit of the server. How far is in docs/PERFORMANCE.md; here are the bounds of it.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dynamodb, kinesis, type SourceConfig } from '../../contracts/public/source-config.ts';
import type { Handler } from '../../contracts/public/handler.ts';
import { QUERIES } from '../../contracts/names.ts';
import { DEFAULT_PIPELINE_OPTIONS } from '../../contracts/pipeline/options.ts';
import { PIPELINE_UPDATES } from '../../contracts/pipeline/messages.ts';
import type { PipelineView } from '../../contracts/pipeline/view.ts';
import { EMULATOR_ENV } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { FakeAws, systemClock } from '../support/fake-aws/index.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { Ledger, upTo } from '../support/ledger.ts';

const SHARDS = 1000;
const KEYS = 60;
const EACH = 3;

const MIB = 1024 * 1024;
/** Where the server ends a workflow, or the connection to it refuses a message. */
const LIMITS = { events: 51_200, historyBytes: 50 * MIB, payloadBytes: 2 * MIB };

let fake: FakeAws<typeof systemClock>;
let keylane: Keylane;
let ledger: Ledger;
let name: string;
/** Of this process: a signal with a listener for each reader is told as a leak unless it is said to be none. */
let warnings: string[];
const onWarning = ({ message }: Error): void => void warnings.push(message);

beforeAll(() => void Object.assign(process.env, EMULATOR_ENV));
beforeEach(async () => {
  name = uniqueName();
  ledger = new Ledger();
  warnings = [];
  process.on('warning', onWarning);
  fake = await FakeAws.start({ clock: systemClock, limits: { enforced: true } });
});
afterEach(async () => {
  await keylane.close();
  await fake.stop();
  process.off('warning', onWarning);
});

type Event = Parameters<Handler>[0];

interface Stream {
  readonly create: () => SourceConfig;
  readonly put: (key: string, n: number) => void;
  readonly listing: { readonly operation: string; readonly pages: number };
  readonly numberOf: (event: Event) => unknown;
}

const kinesisStream: Stream = {
  create: () => {
    fake.createStream(name, { shards: SHARDS });
    return kinesis({ stream: name, endpoint: fake.endpoint });
  },
  put: (key, n) => void fake.stream(name).put({ key, data: JSON.stringify({ n }) }),
  listing: { operation: 'ListShards', pages: 1 },
  numberOf: (event) => event.json().n,
};

const dynamodbTable: Stream = {
  create: () => {
    fake.createTable(name, { shards: SHARDS });
    return dynamodb({ table: name, endpoint: fake.endpoint });
  },
  put: (key, n) => void fake.table(name).put({ id: { S: key } }, { n: { N: String(n) } }),
  listing: { operation: 'DescribeStream', pages: SHARDS / 100 },
  numberOf: (event) => event.change?.newImage?.['n'],
};

function putAll(stream: Stream, from: number, to: number): void {
  for (const n of upTo(to, from)) for (let key = 0; key < KEYS; key += 1) stream.put(`key-${key}`, n);
}

async function expectInOrder(last: number): Promise<void> {
  await eventually(() => ledger.count >= KEYS * last, 60_000);
  for (let key = 0; key < KEYS; key += 1) expect(ledger.of(`key-${key}`), `key-${key}`).toEqual(upTo(last));
}

const pipeline = () => keylane.client.workflow.getHandle(name);

const view = () => pipeline().query<PipelineView>(QUERIES.pipeline);

async function history(): Promise<{ events: number; bytes: number; runId: string }> {
  const { historyLength, historySize = 0, runId } = await pipeline().describe();
  return { events: historyLength, bytes: historySize, runId };
}

function listings({ listing }: Stream): number {
  const calls = fake.calls(listing.operation);
  return calls.filter(({ input }) => input.ExclusiveStartShardId === undefined).length;
}

async function start(stream: Stream): Promise<void> {
  const handler: Handler = (event) => ledger.note(event.key, stream.numberOf(event));
  // A reader that stays out, so that it is known when it comes home; and idle shards that leave the machine to others.
  const config = { source: stream.create(), handler, reading: { shift: '1h', idlePoll: '1m' } } as const;
  putAll(stream, 1, EACH);
  keylane = await Keylane.create({ pipelines: { [name]: config }, options: { discoverEveryMs: 2000 } });
  await keylane.start();
}

async function expectAllRead(stream: Stream): Promise<void> {
  await expectInOrder(EACH);
  const read = () => new Set(fake.calls('GetRecords').map(({ shardId }) => shardId)).size;
  await eventually(() => read() === SHARDS, 30_000);
  const status = await keylane.status(name);
  expect(status).toMatchObject({ readers: DEFAULT_PIPELINE_OPTIONS.maxReaders, readErrors: [] });
  expect(status.shards.filter(({ state }) => state === 'reading')).toHaveLength(SHARDS);
  // No page of a listing was refused, else it would have been asked for again.
  expect(fake.calls(stream.listing.operation).length).toBeLessThanOrEqual(listings(stream) * stream.listing.pages);
}

async function expectSmallHistory(stream: Stream): Promise<void> {
  // A whole listing, and the readers' orders.
  const begun = await history();
  expect(begun.bytes).toBeLessThan(0.01 * LIMITS.historyBytes);

  // A listing in which nothing is new.
  const listed = listings(stream);
  await eventually(() => listings(stream) >= listed + 3);
  const later = await history();
  expect((later.bytes - begun.bytes) / 3).toBeLessThan(4096);

  // A shift of all readers.
  await pipeline().executeUpdate(PIPELINE_UPDATES.pause, { args: [{ by: 'ann' }] });
  await eventually(async () => (await view()).readers.length === 0);
  expect((await keylane.status(name)).records.accepted).toBe(KEYS * EACH);
  putAll(stream, EACH + 1, EACH + 1);
  await pipeline().executeUpdate(PIPELINE_UPDATES.resume);
  await expectInOrder(EACH + 1);
  const shift = await history();
  expect(shift.bytes - later.bytes).toBeLessThan(0.02 * LIMITS.historyBytes);
  expect(shift.events - later.events).toBeLessThan(0.01 * LIMITS.events);

  // What is carried into the next run, and what is answered to the command line.
  const told = await view();
  expect(JSON.stringify(told.state).length).toBeLessThan(0.1 * LIMITS.payloadBytes);
  expect(JSON.stringify(told).length).toBeLessThan(0.125 * LIMITS.payloadBytes);
}

async function expectNextRun(stream: Stream): Promise<void> {
  const { events, runId } = await history();
  putAll(stream, EACH + 2, EACH + 2);
  const options = { ...keylane.settings.pipelines.get(name)!.pipeline, eventsPerRun: events };
  await pipeline().executeUpdate(PIPELINE_UPDATES.configure, { args: [{ options }] });
  await eventually(async () => (await history()).runId !== runId);
  await expectInOrder(EACH + 2);
}

describe.each([
  ['Kinesis', kinesisStream],
  ['DynamoDB Streams', dynamodbTable],
])('a thousand shards of %s', (_service, stream) => {
  test('O1 O4 case 21: are read by a few readers within seconds, and the workflow of the pipeline stays small', async () => {
    await start(stream);
    const begun = performance.now();
    await eventually(() => ledger.count > 0);
    expect(performance.now() - begun).toBeLessThan(15_000);
    await expectAllRead(stream);
    await expectSmallHistory(stream);
    await expectNextRun(stream);
    expect(warnings).toEqual([]);
  }, 120_000);
});
