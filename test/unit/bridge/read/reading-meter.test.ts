/** What is measured of reading: counts over all attempts, figures over all readers of a process. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRecordRouter } from '../../../../bridge/read/route-record.ts';
import { ReadingMeter } from '../../../../bridge/read/reading-meter.ts';
import type { ReaderReport, ShardProgress } from '../../../../contracts/pipeline/reading.ts';
import { SourceConfigurationError } from '../../../../sources/errors.ts';
import { compileFilter } from '../../../../sources/filter/filter.ts';
import type { Page } from '../../../../sources/source.ts';
import { at, ending, open, setUp } from './reader-setup.ts';
import { RecordedMetrics } from './recorded-metrics.ts';
import { record } from './scripted-source.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_700_000_000_000;
const NONE = { records: 0, bytes: 0 };

let metrics: RecordedMetrics;
let meter: ReadingMeter;
let now: number;
let full: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  now = NOW;
  full = 0;
  metrics = new RecordedMetrics();
  meter = new ReadingMeter(
    metrics,
    () => full,
    () => now,
  );
});
afterEach(() => vi.useRealTimers());

function reportOf(shards: Record<string, Partial<ShardProgress>>): ReaderReport {
  const whole = Object.entries(shards).map(([shardId, progress]) => {
    return [shardId, { finished: false, read: 0, taken: 0, quarantined: 0, ...progress }] as const;
  });
  return { shards: Object.fromEntries(whole) };
}

test('a reader counts what it reads by what becomes of it, to the last record', async () => {
  const keyOf = ({ partitionKey }: { readonly partitionKey: string }) => (partitionKey === 'none' ? '' : partitionKey);
  const pages: Page[] = [
    { records: [record('a', 1, 'k', '{"n":1}'), record('a', 2, 'k', '{"n":9}')], ended: false, misrouted: 1 },
    { records: [record('a', 3, 'none', '{"n":1}'), record('a', 4, 'k', '{"n":1}')], ended: true },
  ];
  const { clock, reader } = setUp({
    script: { a: ending('a', 1) },
    next: async () => pages.shift()!,
    routeRecord: createRecordRouter('kinesis', keyOf, compileFilter('kinesis', [{ data: { n: [1] } }])),
    meter,
  });
  await clock.until(reader.run());
  expect(metrics.counts).toEqual({ read: 4, accepted: 3, filtered: 1, quarantined: 1, misrouted: 1 });
  expect(metrics.now).toEqual({
    shards: 0,
    unreadable: 0,
    lagMs: undefined,
    untilLossMs: undefined,
    recordsInFlight: 0,
    bytesInFlight: 0,
    lanesFull: 0,
  });
});

test('each attempt counts what it does, and nothing of it twice', () => {
  const first = meter.startAttempt(DAY);
  first.update(reportOf({ a: { read: 10, taken: 4, filtered: 1 }, b: { read: 2, taken: 2 } }), NONE);
  first.update(reportOf({ a: { read: 15, taken: 9, filtered: 2 }, b: { read: 2, taken: 2 } }), NONE);
  first.update(reportOf({ a: { read: 15, taken: 9, filtered: 2 }, b: { read: 2, taken: 2 } }), NONE);
  first.end(false);
  // The next one begins again at the checkpoint and at 0.
  const second = meter.startAttempt(DAY);
  second.update(reportOf({ a: { read: 3, taken: 3 }, b: {} }), NONE);
  expect(metrics.counts).toMatchObject({ read: 20, accepted: 14, filtered: 2 });
});

test('what is in flight is added over the readers, and gone with them', async () => {
  const answers: (() => void)[] = [];
  const { clock, home, reader } = setUp({
    script: { a: open('a', 3) },
    deliver: async ({ apply }) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      apply();
    },
    meter,
  });
  const other = meter.startAttempt(DAY);
  other.update(reportOf({ b: {} }), { records: 2, bytes: 1000 });
  const report = reader.run();
  await clock.advance(1000);
  expect(metrics.now?.recordsInFlight).toBe(5);
  expect(metrics.now?.bytesInFlight).toBeGreaterThan(1000);
  for (const answer of answers) answer();
  await clock.advance(1000);
  expect(metrics.now).toMatchObject({ recordsInFlight: 2, bytesInFlight: 1000 });
  home.abort();
  await clock.until(report);
  other.end(false);
  expect(metrics.now).toMatchObject({ recordsInFlight: 0, bytesInFlight: 0 });
});

test('O10: a gap counts 1, with its line in the log; one that an earlier reader has told does not count', async () => {
  const gap = { after: at('a', 17), until: at('a', 30) };
  const read = async (gaps: ShardProgress['gaps'] = []) => {
    const pages: Page[] = [
      { records: [], ended: false, gap },
      { records: [], ended: false, gap },
      { records: [record('a', 30, 'k')], ended: true },
    ];
    const shards = [{ shardId: 'a', start: { at: 'after' as const, position: at('a', 17) }, gaps }];
    const next = async () => pages.shift()!;
    const { clock, lines, reader } = setUp({ script: { a: ending('a', 1) }, shards, next, meter });
    return { ...(await clock.until(reader.run())).shards['a'], lines };
  };
  const { gaps, lines } = await read();
  expect(lines.filter(({ level }) => level === 50)).toHaveLength(1);
  expect(metrics.gaps).toBe(1);
  expect((await read(gaps)).lines).toEqual([]);
  expect(metrics.gaps).toBe(1);
});

test('O10: the largest lag and the smallest time until loss, over the shards of all readers', () => {
  const [first, second] = [meter.startAttempt(DAY), meter.startAttempt(DAY)];
  first.update(reportOf({ a: { lagMs: 5000, consumedUntil: NOW - 5000 }, b: { consumedUntil: NOW - 2 * HOUR } }), NONE);
  // Of a shard that has ended there is nothing more to lose, and of one that was never read nothing is known.
  second.update(
    reportOf({ c: { consumedUntil: NOW - 3 * HOUR }, d: { finished: true, consumedUntil: NOW - 20 * HOUR }, e: {} }),
    NONE,
  );
  expect(metrics.now).toMatchObject({ shards: 4, lagMs: 3 * HOUR, untilLossMs: 21 * HOUR });
  second.update(reportOf({ c: { finished: true } }), NONE);
  expect(metrics.now).toMatchObject({ shards: 3, lagMs: 2 * HOUR, untilLossMs: 22 * HOUR });
  now += 30 * HOUR;
  first.update(reportOf({ a: { lagMs: 0, consumedUntil: NOW - 5000 }, b: {} }), NONE);
  // What the source told of a page that is long past is true no more; records are being lost.
  expect(metrics.now).toMatchObject({ lagMs: 30 * HOUR + 5000, untilLossMs: 0 });
});

test('without the retention nothing is said of the time until loss', () => {
  meter.startAttempt(undefined).update(reportOf({ a: { consumedUntil: NOW - HOUR } }), NONE);
  expect(metrics.now).toMatchObject({ lagMs: HOUR, untilLossMs: undefined });
});

test('a shard that two attempts have is counted once, and stays when the earlier one ends', () => {
  const [frozen, second] = [meter.startAttempt(DAY), meter.startAttempt(DAY)];
  frozen.update(reportOf({ a: { consumedUntil: NOW - HOUR, readError: 'no access' } }), NONE);
  expect(metrics.now).toMatchObject({ shards: 1, unreadable: 1 });
  second.update(reportOf({ a: { consumedUntil: NOW } }), NONE);
  frozen.end(false);
  expect(metrics.now).toMatchObject({ shards: 1, unreadable: 0, lagMs: 0 });
});

test('a reader that can read nothing stays in the figures until its next attempt, here or elsewhere', async () => {
  const noAccess = async () => {
    throw new SourceConfigurationError('kinesis:scripted', 'no access');
  };
  const script = { a: open('a', 1), b: open('b', 1) };
  const fail = async () => {
    const { clock, reader } = setUp({ script, reading: { before: noAccess }, meter });
    await expect(clock.until(reader.run())).rejects.toThrow('no access');
  };
  await fail();
  expect(metrics.now).toMatchObject({ shards: 2, unreadable: 2 });
  vi.advanceTimersByTime(10_000);
  await fail();
  // The time of the first is over, but the shards are the second one's by now.
  vi.advanceTimersByTime(25_000);
  expect(metrics.now).toMatchObject({ shards: 2, unreadable: 2 });
  vi.advanceTimersByTime(5000);
  expect(metrics.now).toMatchObject({ shards: 0, unreadable: 0 });
});

test('O9: full lanes are told, and forgotten with the last reader that tries them', () => {
  const [first, second] = [meter.startAttempt(DAY), meter.startAttempt(DAY)];
  full = 2;
  first.update(reportOf({ a: {} }), NONE);
  second.update(reportOf({ b: {} }), NONE);
  expect(metrics.now).toMatchObject({ lanesFull: 2 });
  first.end(false);
  expect(metrics.now).toMatchObject({ lanesFull: 2 });
  second.end(false);
  expect(metrics.now).toMatchObject({ lanesFull: 0 });
});
