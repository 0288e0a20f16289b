/**
 * No worker runs for the whole time in which a bridge reads, with the real limits: 100,000 events over 20 keys, 8 of them
 * with payloads of up to 64 KiB, some 65 MiB for each. All of them would be too much for a run.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DEFAULT_HISTORY_LIMITS } from '../../contracts/pipeline/history-limits.ts';
import { devServer } from '../support/dev-server.ts';
import { EMULATOR_ENV, startKinesalite, type Server } from '../support/emulators/index.ts';
import { upTo } from '../support/ledger.ts';
import { peakOf } from '../support/runs.ts';
import { keyName, WorkersDown } from '../support/workers-down.ts';
import { mib, peakMemory, printFigures, seconds } from './figures.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const MINUTE = 60_000;
const KEYS = 20;
const PER_KEY = 5000;
const LARGE_KEYS = 8;
/** What the server takes unless it is set otherwise. */
const SERVER = { bytes: 50 * MIB, events: 51_200 };
const LARGEST = 63 * KIB;

/** Mostly small, some of every size: 13 KiB on average. */
const sizeOf = (key: number, n: number): number => (key < LARGE_KEYS ? LARGEST >> ((n * 7 + key) % 8) : 100);

let emulator: Server;
let down: WorkersDown | undefined;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite();
});
afterEach(async () => {
  await down?.close();
});
afterAll(() => emulator.stop());

test('O1 O4 O5 O6 O9 workers down, bridge up: 100,000 events over 20 keys', async () => {
  const it = await WorkersDown.create({
    address: devServer().address,
    endpoint: emulator.endpoint,
    shards: 4,
    keys: KEYS,
    perKey: PER_KEY,
    sizeOf,
    limits: {},
  });
  down = it;
  const startedAt = Date.now();
  await it.startBridge();
  await it.write(1, PER_KEY / 2);
  await it.killBridge();
  await it.startBridge();
  await it.write(PER_KEY / 2 + 1, PER_KEY);
  const stalled = await it.untilStill(15 * MINUTE);
  const asleepAt = Date.now();
  const full = it.toldFull.length;
  expect(stalled.filter(({ status }) => status !== 'RUNNING')).toEqual([]);
  expect(full).toBeGreaterThan(0);

  await it.killBridge();
  const bridge = await it.startBridge();
  await it.keylane.start(['worker']);
  const awakeAt = Date.now();
  let peak = peakOf(stalled);
  await it.untilHandled(90 * MINUTE, (now) => {
    peak = { events: Math.max(peak.events, now.events), bytes: Math.max(peak.bytes, now.bytes) };
  });
  const doneAt = Date.now();
  const runs = await it.runs();
  const max = peakOf(runs);
  const [bytes, events] = [Math.max(max.bytes, peak.bytes), Math.max(max.events, peak.events)];
  printFigures('Workers down, bridge up', {
    'events, keys': `${KEYS * PER_KEY}, ${KEYS}`,
    'written and read while no worker ran': seconds(asleepAt - startedAt),
    'lanes that were full': full,
    'largest history of a sleeping lane': `${mib(peakOf(stalled).bytes)}, ${peakOf(stalled).events} events`,
    'handled after the worker came, in': seconds(doneAt - awakeAt),
    'largest history of any run': `${mib(bytes)}, ${events} events`,
    'runs of lanes, of segments': ['lane', 'segment']
      .map((of) => runs.filter(({ type }) => type === of).length)
      .join(', '),
    'peak memory of the last bridge': await peakMemory(bridge.pid),
    'peak memory of the worker and the test': await peakMemory(process.pid),
  });
  for (let key = 0; key < KEYS; key += 1) expect(it.ledger.of(keyName(key)), keyName(key)).toEqual(upTo(PER_KEY));
  expect(runs.filter(({ status }) => !['RUNNING', 'CONTINUED_AS_NEW', 'COMPLETED'].includes(status))).toEqual([]);
  expect(peakOf(stalled).bytes).toBeLessThan(DEFAULT_HISTORY_LIMITS.stalled.bytes + MIB);
  expect(bytes).toBeLessThan(SERVER.bytes * 0.7);
  expect(events).toBeLessThan(SERVER.events * 0.7);
});
