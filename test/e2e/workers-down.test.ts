/**
 * No worker runs for the whole time in which a bridge reads, on a server whose limits are a sixth of the real ones, or
 * less. The lanes with large events would be ended by it, were they given all of them.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startDevServer, type DevServer } from '../../worker/temporal-server/dev-server.ts';
import { KEYLANE_SEARCH_ATTRIBUTES } from '../../worker/temporal-server/search-attributes.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { POOLS } from '../support/hostings.ts';
import { upTo } from '../support/ledger.ts';
import { peakOf } from '../support/runs.ts';
import { keyName, WorkersDown } from '../support/workers-down.ts';

const KIB = 1024;
const KEYS = 20;
const PER_KEY = 140;
const LARGE_KEYS = 3;
const MAX_BYTES = 8 * KIB * KIB;
const MAX_EVENTS = 4000;
const MAX_SIGNALS = 800;
const SERVER = {
  'limit.historySize.error': MAX_BYTES,
  'limit.historySize.warn': Math.floor(MAX_BYTES / 5),
  'limit.historySize.suggestContinueAsNew': Math.floor(MAX_BYTES / 24),
  'limit.historyCount.error': MAX_EVENTS,
  'limit.historyCount.warn': Math.floor(MAX_EVENTS / 5),
  'limit.historyCount.suggestContinueAsNew': Math.floor(MAX_EVENTS / 12),
  'history.maximumSignalsPerExecution': MAX_SIGNALS,
};
const ASLEEP = { events: 480, bytes: 960 * KIB };
const LIMITS = {
  pool: { signalsPerRun: 160 },
  lane: { signalsPerRun: 160, segments: { events: 80, bytes: 256 * KIB } },
  reading: {
    historyLimits: { stalled: ASLEEP, active: { ...ASLEEP, events: 2400 } },
    recordsInFlight: 500,
    bytesInFlight: 4 * KIB * KIB,
  },
};

let emulator: Server;
let server: DevServer;
let down: WorkersDown | undefined;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite();
  server = await startDevServer({
    binary: devServer().binary,
    headless: true,
    searchAttributes: KEYLANE_SEARCH_ATTRIBUTES,
    dynamicConfig: SERVER,
  });
});
afterEach(async () => {
  await down?.close();
});
afterAll(async () => {
  await Promise.all([emulator.stop(), server.stop()]);
});

test('O1 O4 O5 O6 O9 own hosting, workers down, bridge up and restarted: no run is ended by the server, all is handled in order and once', async () => {
  const large = Array.from({ length: LARGE_KEYS }, (_, key) => keyName(key));
  const it = await WorkersDown.create({
    address: server.address,
    endpoint: emulator.endpoint,
    shards: 1,
    keys: KEYS,
    perKey: PER_KEY,
    sizeOf: (key) => (key < LARGE_KEYS ? 60 * KIB : 100),
    limits: LIMITS,
  });
  down = it;
  await it.write(1, 8);
  await it.startBridge();
  await eventually(async () => peakOf(await it.runs()).bytes > 200 * KIB);
  await it.killBridge();
  await it.write(9, PER_KEY);
  await it.startBridge();
  await eventually(() => it.toldFull.length === LARGE_KEYS, 60_000);
  expect(it.toldFull).toEqual(large);

  // A new one knows it at once, and adds nothing. It reads on until its memory is full, for the keys that have room.
  await it.killBridge();
  await it.startBridge();
  const stalled = await it.untilStill(60_000);
  expect(stalled.filter(({ status }) => status !== 'RUNNING')).toEqual([]);
  expect(stalled).toHaveLength(KEYS);
  expect(peakOf(stalled).bytes).toBeGreaterThanOrEqual(ASLEEP.bytes);
  expect(peakOf(stalled).bytes).toBeLessThan(ASLEEP.bytes + 600 * KIB);

  await it.keylane.start(['worker']);
  let peak = peakOf(stalled);
  await it.untilHandled(180_000, (now) => {
    peak = { events: Math.max(peak.events, now.events), bytes: Math.max(peak.bytes, now.bytes) };
  });
  for (let key = 0; key < KEYS; key += 1) expect(it.ledger.of(keyName(key)), keyName(key)).toEqual(upTo(PER_KEY));
  const runs = await it.runs();
  expect(runs.filter(({ status }) => !['RUNNING', 'CONTINUED_AS_NEW', 'COMPLETED'].includes(status))).toEqual([]);
  const max = peakOf(runs);
  expect(Math.max(max.bytes, peak.bytes)).toBeLessThan(MAX_BYTES * 0.75);
  expect(Math.max(max.events, peak.events)).toBeLessThan(MAX_EVENTS * 0.75);
}, 300_000);

test('O1 O4 O5 O6 O9 pooled hosting, the same: pools get no more than they can bear, and all is handled in order and once', async () => {
  const perKey = 90;
  const it = await WorkersDown.create({
    address: server.address,
    endpoint: emulator.endpoint,
    hosting: 'pooled',
    shards: 1,
    keys: KEYS,
    perKey,
    sizeOf: () => 2 * KIB,
    limits: LIMITS,
  });
  down = it;
  await it.write(1, 8);
  await it.startBridge();
  await eventually(async () => peakOf(await it.runs()).bytes > 100 * KIB);
  await it.killBridge();
  await it.write(9, perKey);
  await it.startBridge();
  await eventually(() => it.toldFull.length === POOLS, 60_000);
  const stalled = await it.untilStill(60_000);
  expect(stalled.map(({ status }) => status)).toEqual(Array.from({ length: POOLS }, () => 'RUNNING'));
  // A request to a pool may have half a MiB.
  expect(peakOf(stalled).bytes).toBeLessThan(ASLEEP.bytes + 600 * KIB);

  await it.keylane.start(['worker']);
  let peak = peakOf(stalled);
  await it.untilHandled(120_000, (now) => {
    peak = { events: Math.max(peak.events, now.events), bytes: Math.max(peak.bytes, now.bytes) };
  });
  for (let key = 0; key < KEYS; key += 1) expect(it.ledger.of(keyName(key)), keyName(key)).toEqual(upTo(perKey));
  const runs = await it.runs();
  expect(runs.filter(({ status }) => !['RUNNING', 'CONTINUED_AS_NEW', 'COMPLETED'].includes(status))).toEqual([]);
  const max = peakOf(runs);
  expect(Math.max(max.bytes, peak.bytes)).toBeLessThan(MAX_BYTES * 0.75);
  expect(Math.max(max.events, peak.events)).toBeLessThan(MAX_EVENTS * 0.75);
}, 300_000);
