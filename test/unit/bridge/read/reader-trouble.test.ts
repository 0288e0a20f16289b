/** What a reader tells of shards that cannot be read, that have gaps, or that share a key. */
import { Buffer } from 'node:buffer';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createRecordRouter } from '../../../../bridge/read/route-record.ts';
import { LossWatch } from '../../../../bridge/watch/loss-watch.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../../sources/errors.ts';
import { compileFilter } from '../../../../sources/filter/filter.ts';
import type { Page } from '../../../../sources/source.ts';
import { at, ending, open, setUp, SHIFT, wallOf } from './reader-setup.ts';
import { record } from './scripted-source.ts';

const noAccess = () => new SourceConfigurationError('kinesis:scripted', 'no access');
const HOUR = 3_600_000;

test('O3: a shard that cannot be read until a person acts is told and tried again, and the others go on', async () => {
  const broken = { yet: true };
  const { clock, home, lines, reader, source } = setUp({
    script: { bad: open('bad', 2), good: open('good', 3) },
    reading: {
      before: async (shardId) => {
        if (shardId === 'bad' && broken.yet) throw noAccess();
      },
    },
  });
  const report = reader.run();
  await clock.advance(200_000);
  expect(reader.report.shards).toMatchObject({ bad: { readError: 'no access', read: 0 }, good: { taken: 3 } });
  expect(reader.report.shards['good']).not.toHaveProperty('readError');
  // Slowly: the wait grows to a minute.
  expect(source.reads.filter((shardId) => shardId === 'bad').length).toBeLessThan(12);
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [50, 'Cannot read shard bad of kinesis:scripted; retrying at intervals, other shards are read on'],
  ]);
  broken.yet = false;
  await clock.advance(60_000);
  expect(reader.report.shards['bad']).toMatchObject({ taken: 2, checkpoint: at('bad', 2) });
  expect(reader.report.shards['bad']).not.toHaveProperty('readError');
  home.abort();
  await clock.until(report);
});

test('O4: when no shard can be read, the reader comes home with what was taken over, is reported, and throws', async () => {
  let pages = 0;
  const { clock, reader, reports } = setUp({
    script: { a: open('a', 3), b: open('b', 1) },
    reading: {
      before: async (shardId) => {
        if (shardId === 'b' || pages++ > 0) throw noAccess();
      },
    },
    deliver: async ({ apply }) => {
      await clock.sleep(1500, new AbortController().signal);
      apply();
    },
  });
  await expect(clock.until(reader.run())).rejects.toThrow('no access');
  expect(reports.at(-1)?.shards).toEqual({
    a: expect.objectContaining({ checkpoint: at('a', 3) }),
    b: { finished: false, read: 0, taken: 0, quarantined: 0 },
  });
});

test('O2: a shard that has finished comes home although no other can be read: its children wait for it', async () => {
  const { clock, reader } = setUp({
    script: { a: ending('a', 3), b: open('b', 1) },
    reading: {
      before: async (shardId) => {
        if (shardId === 'b') throw noAccess();
      },
    },
  });
  const { shards } = await clock.until(reader.run());
  expect(shards).toMatchObject({ a: { finished: true }, b: { finished: false, readError: 'no access' } });
});

test('O4: a shard that sends a page out of order is read again from its checkpoint, once that is exact', async () => {
  const answers: (() => void)[] = [];
  const { clock, home, lanes, reader, source } = setUp({
    script: {
      a: { records: [record('a', 1, 'k'), record('a', 5, 'k'), record('a', 4, 'k')], ends: false },
      b: open('b', 1),
    },
    deliver: async ({ id, apply }) => {
      if (id === 'k' && answers.length === 0) await new Promise<void>((resolve) => answers.push(resolve));
      apply();
    },
  });
  const report = reader.run();
  await clock.advance(30_000);
  expect(reader.report.shards['a']).toMatchObject({ readError: expect.stringContaining('ascending order') });
  expect(source.opened).toHaveLength(2);
  source.shards.set('a', { records: [1, 4, 5, 6].map((n) => record('a', n, 'k')), ends: false });
  answers[0]!();
  await clock.advance(60_000);
  expect(source.opened.at(-1)).toEqual({ shardId: 'a', start: { at: 'after', position: at('a', 5) } });
  expect(lanes.held.get('k')).toEqual(['a:1', 'a:5', 'a:6']);
  home.abort();
  await clock.until(report);
});

test('a source that stays away is told as trouble of its shards', async () => {
  const { clock, home, reader } = setUp({
    script: { a: open('a', 1) },
    reading: {
      before: async () => {
        throw new SourceUnavailableError('kinesis:scripted', 'throttled');
      },
    },
  });
  const report = reader.run();
  await clock.advance(1000);
  expect(reader.report.shards['a']).not.toHaveProperty('readError');
  await clock.advance(30_000);
  expect(reader.report.shards['a']).toMatchObject({ readError: 'throttled' });
  home.abort();
  await clock.until(report);
});

test('O10: a gap is told once, with its remedy, and is in every report from then on', async () => {
  const gap = { after: at('a', 17), until: at('a', 30) };
  const pages: Page[] = [
    { records: [], ended: false, gap },
    { records: [], ended: false, gap },
    { records: [record('a', 30, 'k')], ended: true },
  ];
  const { clock, lines, reader } = setUp({ script: { a: ending('a', 1) }, next: async () => pages.shift()! });
  const { shards } = await clock.until(reader.run());
  const told = { shardId: 'a', ...gap, at: 1_700_000_001_000 };
  expect(shards['a']).toMatchObject({ gaps: [told], checkpoint: at('a', 30) });
  expect(lines).toMatchObject([
    {
      level: 50,
      gap: told,
      msg: expect.stringMatching(
        /^Records of shard a after a:17 were gone .* reading continued at a:30\. .*raise the retention of the stream/,
      ),
    },
  ]);
});

test('O10: a gap that an earlier reader has told is not told again', async () => {
  const known = { shardId: 'a', after: at('a', 17), at: 5 };
  const { clock, lines, reader } = setUp({
    script: { a: ending('a', 1) },
    next: async () => ({ records: [], ended: true, gap: { after: at('a', 17) } }),
    shards: [{ shardId: 'a', start: { at: 'after', position: at('a', 17) }, gaps: [known] }],
  });
  expect((await clock.until(reader.run())).shards['a']).toMatchObject({ gaps: [known] });
  expect(lines).toEqual([]);
});

test('O10: a reader that finds many gaps reports the latest ones', async () => {
  const pages: Page[] = Array.from({ length: 20 }, (_, n) => ({
    records: [],
    ended: n === 19,
    gap: { after: at('a', n) },
  }));
  const { clock, lines, reader } = setUp({ script: { a: ending('a', 1) }, next: async () => pages.shift()! });
  const { shards } = await clock.until(reader.run());
  expect(shards['a']?.gaps?.map(({ after }) => after?.sequenceNumber)).toEqual([
    '12',
    '13',
    '14',
    '15',
    '16',
    '17',
    '18',
    '19',
  ]);
  expect(lines).toHaveLength(20);
});

test.each<[string, Page, number | undefined]>([
  [
    'what the source tells',
    { records: [], ended: false, lagMs: 5000, consumedUntil: 1_699_999_996_000 },
    1_699_999_996_000,
  ],
  [
    'what the source tells, when the lag is not to now: the last record',
    { records: [record('a', 7, 'k')], ended: false, lagMs: 5, consumedUntil: 1_700_000_000_995 },
    1_700_000_000_007,
  ],
  ['not known while the source has doubts (O10)', { records: [], ended: false, lagMs: 0 }, undefined],
  ['an empty page: everything', { records: [], ended: false }, 1_700_000_001_000],
  ['a page with records: its last one', { records: [record('a', 7, 'k')], ended: false }, 1_700_000_000_007],
])('up to when a shard has been read: %s', async (_name, page, consumedUntil) => {
  let asked = false;
  const { clock, home, reader } = setUp({
    script: { a: open('a', 0) },
    next: async (signal) => {
      if (asked) await clock.sleep(SHIFT, signal);
      asked = true;
      return page;
    },
  });
  const report = reader.run();
  await clock.advance(1000);
  expect(reader.report.shards['a']?.consumedUntil).toBe(consumedUntil);
  home.abort();
  await clock.until(report);
});

test('up to when a shard has been read never moves back, whoever read it before', async () => {
  const { clock, home, reader } = setUp({
    script: { a: open('a', 1) },
    shards: [{ shardId: 'a', start: { at: 'horizon' }, consumedUntil: 1_800_000_000_000 }],
  });
  const report = reader.run();
  await clock.advance(1000);
  expect(reader.report.shards['a']).toMatchObject({ taken: 1, consumedUntil: 1_800_000_000_000 });
  home.abort();
  await clock.until(report);
});

test('O4: what the filter drops is counted, passed by the checkpoint, and never seen by the key function', async () => {
  const json = (n: number, type: string) => ({ ...record('a', n, 'k'), data: Buffer.from(JSON.stringify({ type })) });
  const { clock, lanes, reader } = setUp({
    script: { a: { records: [json(1, 'sell'), json(2, 'buy'), json(3, 'sell')], ends: true } },
    routeRecord: createRecordRouter(
      'kinesis',
      (seen) => (seen.json().type === 'buy' ? 'key' : undefined),
      compileFilter('kinesis', [{ data: { type: ['buy'] } }]),
    ),
  });
  expect((await clock.until(reader.run())).shards['a']).toMatchObject({
    checkpoint: at('a', 3),
    finished: true,
    read: 3,
    taken: 1,
    quarantined: 0,
    filtered: 2,
  });
  expect([...lanes.held]).toEqual([['key', ['a:2']]]);
});

test('O4: what the filter drops does not let the checkpoint pass what waits before it', async () => {
  const json = (n: number, type: string) => ({ ...record('a', n, 'k'), data: Buffer.from(JSON.stringify({ type })) });
  const gate = { open: false };
  const { clock, reader } = setUp({
    script: { a: { records: [json(1, 'buy'), json(2, 'sell')], ends: true } },
    routeRecord: createRecordRouter('kinesis', undefined, compileFilter('kinesis', [{ data: { type: ['buy'] } }])),
    deliver: async ({ apply }) => {
      if (!gate.open) throw new Error('unavailable');
      apply();
    },
  });
  const report = reader.run();
  await clock.advance(2000);
  expect(reader.report.shards['a']).toMatchObject({ filtered: 1, finished: false });
  expect(reader.report.shards['a']).not.toHaveProperty('checkpoint');
  gate.open = true;
  expect((await clock.until(report)).shards['a']).toMatchObject({ checkpoint: at('a', 2), finished: true });
});

test('records that belong to another shard are delivered and counted', async () => {
  const { clock, reader } = setUp({
    script: { a: ending('a', 1) },
    next: async () => ({ records: [record('a', 1, 'k')], ended: true, misrouted: 1 }),
  });
  expect((await clock.until(reader.run())).shards['a']).toMatchObject({ taken: 1, misrouted: 1 });
});

test('O1: a key that comes from two shards at once runs in one lane, is told once, and holds up nothing', async () => {
  const of = (shardId: string) => ({
    records: Array.from({ length: 200 }, (_, n) => record(shardId, n + 1, `key-${n % 2}`)),
    ends: true,
  });
  const { clock, lanes, lines, reader } = setUp({
    script: { a: of('a'), b: of('b') },
    limits: { recordsInFlight: 10, bytesInFlight: 1_000_000, requestsInFlight: 1 },
  });
  const { shards } = await clock.until(reader.run());
  expect(shards).toMatchObject({ a: { finished: true, taken: 200 }, b: { finished: true, taken: 200 } });
  expect(lanes.held.get('key-0')).toHaveLength(200);
  const warnings = lines.filter(({ level }) => level === 40);
  expect(warnings).toMatchObject([{ shards: ['a', 'b'], msg: expect.stringContaining('comes from two shards') }]);
});

test('unread records that are near to being lost are warned of, once an hour for each shard', async () => {
  const lines: { readonly shard: string; readonly msg: string }[] = [];
  const { clock, home, reader } = setUp({
    script: { a: open('a', 1), b: open('b', 1) },
    shiftMs: 10 * HOUR,
    retentionMs: 24 * HOUR,
    reading: {
      before: async (shardId) => {
        if (shardId === 'a') throw new SourceUnavailableError('kinesis:scripted', 'throttled');
      },
    },
    shards: [
      { shardId: 'a', start: { at: 'horizon' }, consumedUntil: 1_700_000_000_000 - 20 * HOUR },
      { shardId: 'b', start: { at: 'horizon' } },
    ],
    lossWatch: new LossWatch(pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }), 6 * HOUR, () =>
      wallOf(clock),
    ),
  });
  const report = reader.run();
  await clock.advance(10_000);
  expect(lines).toMatchObject([
    {
      shard: 'a',
      msg: expect.stringMatching(/^Reading of shard a is 20\.0 h behind.* unread records are lost in 4\.0 h/),
    },
  ]);
  await clock.advance(HOUR);
  expect(lines).toHaveLength(2);
  home.abort();
  await clock.until(report);
});

test('O10: up to when a shard has been taken over: a record that no lane accepts holds it, as it holds the checkpoint', async () => {
  const gate = { open: false };
  const { clock, home, reader, source } = setUp({
    script: { a: { records: [record('a', 1, 'free'), record('a', 2, 'stuck')], ends: false } },
    reading: { pageSize: () => 1 },
    deliver: async ({ id, apply }) => {
      if (id === 'stuck' && !gate.open) throw new Error('too large');
      apply();
    },
  });
  const report = reader.run();
  await clock.advance(120_000);
  const { consumedUntil } = reader.report.shards['a']!;
  expect(consumedUntil).toBe(1_700_000_000_001);
  source.shards.set('a', { records: [...source.shards.get('a')!.records, record('a', 3, 'free')], ends: false });
  await clock.advance(60_000);
  expect(reader.report.shards['a']).toMatchObject({ taken: 2, consumedUntil, checkpoint: at('a', 1) });
  gate.open = true;
  await clock.advance(60_000);
  expect(reader.report.shards['a']?.consumedUntil).toBeGreaterThan(1_700_000_200_000);
  home.abort();
  await clock.until(report);
});

test('O10: the source is told up to when a shard has been taken over, so that it knows a gap from a shard that was idle', async () => {
  const { source } = setUp({
    script: { a: open('a', 1) },
    shards: [{ shardId: 'a', start: { at: 'after', position: at('a', 1) }, consumedUntil: 17 }],
  });
  expect(source.opened).toEqual([{ shardId: 'a', start: { at: 'after', position: at('a', 1), consumedUntil: 17 } }]);
});
