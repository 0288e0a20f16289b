/** What Prometheus gets from a process that runs: Keylane's figures and those of Temporal's SDK, at one address. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { kinesis } from '../../contracts/public/source-config.ts';
import { NonRetryableError } from '../../contracts/public/errors.ts';
import { freePort } from '../../worker/temporal-server/ports.ts';
import { EMULATOR_ENV, KinesisStream, startKinesalite, type Server } from '../support/emulators/index.ts';
import { eventually } from '../support/eventually.ts';
import { Keylane, uniqueName } from '../support/keylane.ts';
import { scrape } from '../support/metrics.ts';

const HOUR_S = 3600;

let emulator: Server;
let stream: KinesisStream;
let keylane: Keylane | undefined;
let name: string;
let address: string;
let isDown = false;

beforeAll(async () => {
  Object.assign(process.env, EMULATOR_ENV);
  emulator = await startKinesalite({ shardLimit: 50 });
});
afterAll(() => emulator.stop());
afterEach(async () => {
  await keylane?.close();
  stream.close();
  keylane = undefined;
});

/** Orders whose data say what becomes of them; what is no order is dropped by the filter. */
async function open(hosting: 'own' | 'pooled' = 'own'): Promise<Keylane> {
  name = uniqueName();
  address = `127.0.0.1:${await freePort('127.0.0.1')}`;
  stream = await KinesisStream.create(emulator.endpoint, name, 2);
  keylane = await Keylane.create({
    metricsAddress: address,
    pipelines: {
      [name]: {
        source: kinesis({ stream: name, endpoint: emulator.endpoint }),
        hosting,
        ...(hosting === 'pooled' ? { pools: { count: 1 } } : {}),
        filter: { data: { type: ['order'] } },
        key: (record) => record.json().key,
        handler: (event, { attempt }) => {
          const { fate } = event.json();
          if (fate === 'late' && attempt < 2) throw new Error('not yet');
          if (fate === 'bad') throw new NonRetryableError('never');
          if (fate === 'down' && isDown) throw new Error('nobody answers');
          if (fate === 'worse') throw new Error('not today');
        },
        retry: { maxAttempts: 3, initialInterval: '20ms', backoff: 1 },
      },
    },
  });
  return keylane;
}

const write = (type: string, key: string | undefined, fates: readonly string[]) =>
  stream.put(fates.map((fate) => ({ key: `${key}`, data: JSON.stringify({ type, key, fate }) })));

const value = async (metric: string) => (await scrape(address)).value(metric, name);

test('O10: a process that reads and handles tells what came of every record, gaps, lag and the time until loss', async () => {
  const it = await open();
  await write('order', 'a', ['good', 'late', 'good']);
  await write('order', 'b', ['good', 'bad', 'good']);
  await write('order', 'c', ['worse']);
  await write('order', undefined, ['good']);
  await write('news', 'a', ['good', 'good', 'good', 'good', 'good']);
  await it.start();

  await eventually(async () => (await it.status(name)).lanes.blocked === 2);
  await eventually(async () => (await value('keylane_events_handled_total')) === 4);
  await eventually(async () => (await value('keylane_records_accepted_total')) === 8);
  const page = await eventually(async () => {
    const latest = await scrape(address);
    return latest.value('keylane_shards_reading', name) === 2 && latest;
  });
  const found = Object.fromEntries(
    [...page.kinds.keys()].filter((each) => each.startsWith('keylane_')).map((each) => [each, page.value(each, name)]),
  );
  expect(found).toEqual({
    keylane_records_read_total: 13,
    keylane_records_accepted_total: 8,
    keylane_records_filtered_total: 5,
    keylane_records_quarantined_total: 1,
    keylane_records_misrouted_total: 0,
    keylane_gaps_total: 0,
    keylane_shards_reading: 2,
    keylane_shards_unreadable: 0,
    keylane_records_in_flight: 0,
    keylane_bytes_in_flight: 0,
    keylane_lanes_full: 0,
    keylane_stream_changed: 0,
    keylane_stream_unordered: 0,
    keylane_reading_lag_seconds: expect.closeTo(0, -1),
    keylane_time_until_loss_seconds: expect.closeTo(24 * HOUR_S, -2),
    keylane_events_handled_total: 4,
    // `late` once, `bad` once and for all, `worse` three times.
    keylane_attempts_failed_total: 5,
    keylane_unhandled_rejections_total: 0,
    keylane_keys_blocked_total: 2,
    keylane_handler_duration_seconds: undefined,
    // With another tag: see below.
    keylane_blocked_keys: undefined,
    keylane_retrying_keys: undefined,
    keylane_paused_keys: undefined,
    keylane_quarantine_records: undefined,
  });
  expect(page.value('keylane_handler_duration_seconds_count', name)).toBe(9);
  expect([...page.kinds.keys()]).toContain('temporal_activity_execution_latency');

  // A verb is no block; the retries that it gives may end in one.
  await it.decide(name, 'b', 'skip');
  await it.decide(name, 'c', 'retry');
  await eventually(async () => (await value('keylane_keys_blocked_total')) === 3);
  await eventually(async () => (await value('keylane_events_handled_total')) === 5);
  expect(await value('keylane_attempts_failed_total')).toBe(8);
});

test('pools count outages for as long as they last, and the keys that move out', async () => {
  isDown = true;
  const it = await open('pooled');
  const sum = async (metric: string) => (await scrape(address)).sum(metric, `pipeline="${name}"`);
  for (let n = 0; n < 20; n += 1) await write('order', `key-${n}`, ['down', 'down']);
  await it.start();
  await eventually(async () => (await sum('keylane_outages_total')) >= 3);
  const before = await sum('keylane_keys_moved_out_total');
  isDown = false;
  await eventually(async () => (await sum('keylane_events_handled_total')) === 40);
  await write('order', 'poisoned', ['bad']);
  await eventually(async () => (await sum('keylane_keys_moved_out_total')) === before + 1);
});

test.each(['own', 'pooled'] as const)(
  '%s hosting: keys that wait, and records in the quarantine, are shown for as long as they do (fault G5)',
  async (hosting) => {
    const it = await open(hosting);
    const sum = async (metric: string) =>
      (await scrape(address)).sum(metric, `{hosting="${hosting}",pipeline="${name}"}`);
    for (const key of ['a', 'b']) await write('order', key, ['bad', 'good']);
    await write('order', undefined, ['good', 'good', 'good']);
    await it.start(['bridge', 'worker'], { keysEveryMs: 200 });
    await eventually(async () => (await sum('keylane_blocked_keys')) === 2);
    await eventually(async () => (await sum('keylane_quarantine_records')) === 3);
    await it.decide(name, 'a', 'pause');
    await eventually(async () => (await sum('keylane_paused_keys')) === 1);
    expect(await sum('keylane_blocked_keys')).toBe(1);
    await it.decide(name, 'b', 'skip');
    await eventually(async () => (await sum('keylane_blocked_keys')) === 0);
    expect(await sum('keylane_retrying_keys')).toBe(0);
  },
);

test('a pipeline that cannot be read is told: its shards are there, and none of them can be read', async () => {
  const it = await open();
  await it.start();
  await eventually(async () => (await value('keylane_shards_reading')) === 2);
  await stream.delete();
  await eventually(async () => (await value('keylane_shards_unreadable')) === 2, 30_000);
  // Its readers end and are tried again, which does not show.
  for (let failed = 0; failed < 6;) {
    const page = await scrape(address);
    expect(page.value('keylane_shards_unreadable', name)).toBe(2);
    expect(page.value('keylane_shards_reading', name)).toBe(2);
    failed = page.sum('temporal_activity_execution_failed', 'activity_type="readShards"');
  }
});

test('with its last connection the endpoint is gone, and the next start has it again, at 0', async () => {
  const it = await open();
  await write('order', 'a', ['good']);
  await it.start();
  await eventually(async () => (await value('keylane_events_handled_total')) === 1);
  await it.stop();
  await expect(scrape(address)).rejects.toThrow();
  await it.start();
  expect(await value('keylane_events_handled_total')).toBe(0);
});
