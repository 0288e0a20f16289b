/** The endpoint for metrics of Temporal's runtime, which is there once in a process. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Runtime, type Logger as SdkLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { ownLine } from '../../../contracts/own-line.ts';
import { HANDLING_METRICS, READING_METRICS } from '../../../worker/metrics/catalog.ts';
import { MetricsEndpointError } from '../../../settings/metrics-errors.ts';
import { handlingMetrics } from '../../../worker/metrics/handling.ts';
import { readingMetrics } from '../../../worker/metrics/reading.ts';
import { installRuntime, metricMeter } from '../../../worker/runtime.ts';
import { freePort } from '../../../worker/temporal-server/ports.ts';
import { log } from '../../support/log.ts';
import { scrape } from '../../support/metrics.ts';

const hasIpv6 = Object.values(networkInterfaces()).some(
  (all) => all?.some(({ address }) => address === '::1') === true,
);

/** As the SDK does with the last connection of workers. */
afterEach(() => Runtime.instance().shutdown());

const freeAddress = async (ip = '127.0.0.1') => `${ip}:${await freePort(ip)}`;
const install = (address?: string) => () => installRuntime(log, address);

describe('the endpoint', () => {
  test('has every metric of a pipeline from the start: counters at 0, what is not known as NaN', async () => {
    const address = await freeAddress();
    installRuntime(log, address);
    readingMetrics(metricMeter(), 'orders');
    handlingMetrics(metricMeter(), 'orders').called(40);
    const page = await scrape(address);
    const all = [...Object.values(READING_METRICS), ...Object.values(HANDLING_METRICS)];
    expect(page.kinds).toEqual(new Map(all.map(({ name, kind }) => [name, kind])));
    for (const { name, kind } of all) if (kind === 'counter') expect(page.value(name, 'orders')).toBe(0);
    expect(page.value('keylane_shards_reading', 'orders')).toBe(0);
    expect(page.value('keylane_time_until_loss_seconds', 'orders')).toBeNaN();
    expect(page.value('keylane_handler_duration_seconds_sum', 'orders')).toBe(0.04);
  });

  test('has what is told of each pipeline, in seconds and under its own name', async () => {
    const address = await freeAddress();
    installRuntime(log, address);
    const reading = readingMetrics(metricMeter(), 'orders');
    const handling = handlingMetrics(metricMeter(), 'orders');
    readingMetrics(metricMeter(), 'users').gap();
    reading.count({ read: 9, accepted: 5, filtered: 3, quarantined: 2, misrouted: 1 });
    reading.count({ read: 1, accepted: 0, filtered: 0, quarantined: 0, misrouted: 0 });
    reading.show({
      shards: 4,
      unreadable: 1,
      lagMs: 2500,
      untilLossMs: 0,
      recordsInFlight: 7,
      bytesInFlight: 700,
      lanesFull: 3,
    });
    for (const count of ['handled', 'handled', 'attemptFailed', 'blocked'] as const) handling[count]();
    const page = await scrape(address);
    const told = {
      keylane_records_read_total: 10,
      keylane_records_accepted_total: 5,
      keylane_records_filtered_total: 3,
      keylane_records_quarantined_total: 2,
      keylane_records_misrouted_total: 1,
      keylane_gaps_total: 0,
      keylane_reading_lag_seconds: 2.5,
      keylane_time_until_loss_seconds: 0,
      keylane_shards_reading: 4,
      keylane_shards_unreadable: 1,
      keylane_records_in_flight: 7,
      keylane_bytes_in_flight: 700,
      keylane_lanes_full: 3,
      keylane_events_handled_total: 2,
      keylane_attempts_failed_total: 1,
      keylane_keys_blocked_total: 1,
    };
    const found = Object.keys(told).map((name) => [name, page.value(name, 'orders')]);
    expect(Object.fromEntries(found)).toEqual(told);
    expect(page.value('keylane_gaps_total', 'users')).toBe(1);
  });

  test.skipIf(!hasIpv6)('is there on IPv6 too', async () => {
    const address = await freeAddress('::1').then((text) => `[::1]:${text.split(':').at(-1)}`);
    installRuntime(log, address);
    readingMetrics(metricMeter(), 'orders');
    expect((await scrape(address)).value('keylane_gaps_total', 'orders')).toBe(0);
  });

  test.each(['127.0.0.1', '0.0.0.0'])('a port that is taken: an error that says what to do, at %s', async (ip) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = `${ip}:${(other.address() as { port: number }).port}`;
    try {
      expect(install(taken)).toThrow(MetricsEndpointError);
      expect(install(taken)).toThrow(/^Metrics cannot be served at .*Address already in use.*--metrics-address/);
    } finally {
      other.close();
    }
    // Nothing is left of it.
    installRuntime(log, taken);
    await scrape(taken);
  });

  test('an address of another machine: an error too', () => {
    expect(install('192.0.2.1:9464')).toThrow(/Cannot assign requested address/);
  });
});

describe('a runtime that is there', () => {
  test('stays for whoever wants the same or nothing, and serves nowhere else', async () => {
    const [address, other] = [await freeAddress(), await freeAddress()];
    installRuntime(log, address);
    readingMetrics(metricMeter(), 'orders').gap();
    installRuntime(log, address);
    installRuntime(log);
    expect((await scrape(address)).value('keylane_gaps_total', 'orders')).toBe(1);
    expect(install(other)).toThrow(`was already installed with metrics at ${address}`);
    await Runtime.instance().shutdown();
    installRuntime(log, other);
    await scrape(other);
    await expect(scrape(address)).rejects.toThrow();
  });

  test('without an endpoint takes whatever is told, also when it is gone', async () => {
    installRuntime(log);
    const reading = readingMetrics(metricMeter(), 'orders');
    reading.gap();
    await Runtime.instance().shutdown();
    reading.gap();
  });

  test('with an endpoint does so too', async () => {
    installRuntime(log, await freeAddress());
    const reading = readingMetrics(metricMeter(), 'orders');
    await Runtime.instance().shutdown();
    reading.gap();
  });
});

describe('what goes into the log (faults F5 and H5)', () => {
  const error = Object.assign(new Error(`Stream orders cannot be listed ${'x'.repeat(3000)}`), { name: 'SourceError' });
  const meta = { activityType: 'listShards', workflowId: 'orders', attempt: 7, taskToken: 'x'.repeat(400), error };

  function logged(level: string, write: (logger: SdkLogger) => void): Record<string, unknown>[] {
    const lines: string[] = [];
    installRuntime(pino({ level, base: null }, { write: (line) => void lines.push(line) }));
    write(Runtime.instance().logger);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  test('an activity that fails has one short line, without a stack and the token of its task', () => {
    const [line, ...others] = logged('info', (sdk) => sdk.warn('Activity failed', meta));
    expect(others).toEqual([]);
    expect(line).toMatchObject({ level: 40, activity: 'listShards', workflowId: 'orders', attempt: 7 });
    expect(line?.['cause']).toMatch(/^SourceError: Stream orders cannot be listed x+/);
    expect(JSON.stringify(line).length).toBeLessThan(800);
  });

  test('an attempt at an event has none of the SDK, whose line would name no key', () => {
    expect(logged('info', (sdk) => sdk.warn('Activity failed', { ...meta, activityType: 'runEvent' }))).toEqual([]);
  });

  test('with debug all of it is there', () => {
    const lines = logged('debug', (sdk) => sdk.warn('Activity failed', { ...meta, activityType: 'runEvent' }));
    expect(lines).toMatchObject([{ err: { stack: expect.stringContaining('runtime.test') as string } }]);
  });

  test("lines of Keylane's workflows keep their level and their fields; the SDK's chatter is for debugging", () => {
    const lines = logged('info', (sdk) => {
      sdk.info('Key released by skip', { workflowId: 'orders:a', ...ownLine({ pipeline: 'orders', key: 'a' }) });
      sdk.info('Worker state changed', { state: 'RUNNING' });
    });
    expect(lines).toEqual([
      { level: 30, time: expect.any(Number) as number, pipeline: 'orders', key: 'a', msg: 'Key released by skip' },
    ]);
  });
});
