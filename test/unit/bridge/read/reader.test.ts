import { expect, test } from 'vitest';
import { createRecordRouter } from '../../../../bridge/read/route-record.ts';
import { DeliveryRejectedError } from '../../../../bridge/deliver/gateway.ts';
import { LeaseLostError } from '../../../../bridge/lease/lease.ts';
import { SourceUnavailableError } from '../../../../sources/errors.ts';
import type { Arrival } from '../deliver/model-lanes.ts';
import { at, ending, open, records, setUp, SHIFT } from './reader-setup.ts';
import { record } from './scripted-source.ts';

const never = async (): Promise<void> => await new Promise(() => {});
const ignore = (): void => {};

test('O2: a shard is finished when its end was read and every record is taken over, and not before', async () => {
  const waiting: Arrival[] = [];
  const answers: (() => void)[] = [];
  const { clock, reader } = setUp({
    script: { a: ending('a', 3) },
    deliver: async (arrival) => {
      waiting.push(arrival);
      await new Promise<void>((resolve) => answers.push(resolve));
    },
  });
  const home = reader.run();
  await clock.advance(2000);
  expect(waiting).toHaveLength(3);
  expect(reader.report.shards['a']).toMatchObject({ finished: false, read: 3, taken: 0 });
  answers[2]!();
  answers[1]!();
  await clock.settle();
  expect(reader.report.shards['a']).not.toHaveProperty('checkpoint');
  answers[0]!();
  expect((await home).shards['a']).toEqual({
    checkpoint: at('a', 3),
    finished: true,
    lagMs: 0,
    consumedUntil: 1_700_000_001_000,
    read: 3,
    taken: 3,
    quarantined: 0,
  });
});

test('an ended shard without records is finished', async () => {
  const { clock, reader } = setUp({ script: { a: ending('a', 0) } });
  const report = await clock.until(reader.run());
  expect(report.shards['a']).toEqual({
    finished: true,
    lagMs: 0,
    consumedUntil: 1_700_000_001_000,
    read: 0,
    taken: 0,
    quarantined: 0,
  });
});

test('a reader without shards is home at once', async () => {
  const { clock, reader } = setUp();
  expect(await clock.until(reader.run())).toEqual({ shards: {} });
});

test('a shift ends with exact checkpoints, and the next reader sends nothing twice', async () => {
  const script = { a: open('a', 10), b: open('b', 4) };
  const first = setUp({ script });
  const report = await first.clock.until(first.reader.run());
  expect(first.clock.now()).toBe(1000 + SHIFT);
  expect(report.shards).toMatchObject({
    a: { checkpoint: at('a', 10), finished: false, taken: 10 },
    b: { checkpoint: at('b', 4), finished: false, taken: 4 },
  });
  const position = report.shards['a']!.checkpoint!;
  const second = setUp({ script, shards: [{ shardId: 'a', start: { at: 'after', position } }] });
  const again = await second.clock.until(second.reader.run());
  expect(second.lanes.requests).toEqual([]);
  expect(again.shards['a']).toMatchObject({ checkpoint: position, read: 0 });
});

test('shifts differ by up to a fifth', async () => {
  for (const [drawn, length] of [
    [0, 0.8 * SHIFT],
    [0.999_999, 1.2 * SHIFT],
  ] as const) {
    const { clock, reader } = setUp({ script: { a: open('a', 0) }, random: () => drawn });
    await clock.until(reader.run());
    expect(clock.now() - 1000).toBeCloseTo(length, -1);
  }
});

test('when a shard has finished the reader comes home, and gives the others a second', async () => {
  const { clock, reader, source, reports } = setUp({
    script: { a: ending('a', 1), b: open('b', 1), c: open('c', 1) },
  });
  const home = reader.run();
  await clock.advance(500);
  expect(reports.at(-1)?.shards['a']).toMatchObject({ finished: true });
  source.shards.set('b', ending('b', 1));
  const report = await clock.until(home);
  expect(clock.now()).toBeLessThan(1000 + 1100);
  expect(Object.values(report.shards).map(({ finished }) => finished)).toEqual([true, true, false]);
});

test('O2: a reader of which an earlier attempt has finished shards comes home at once, since their children wait', async () => {
  const { clock, reader } = setUp({ script: { a: open('a', 3) }, hasFinished: true });
  const report = await clock.until(reader.run());
  expect(clock.now()).toBeLessThan(1000 + 1100);
  expect(report.shards['a']).toMatchObject({ checkpoint: at('a', 3), finished: false, taken: 3 });
});

test('O4: asked to come home it stops reading, and waits until what it has read is taken over', async () => {
  const { clock, home, lanes, reader, source } = setUp({
    script: { a: open('a', 10) },
    reading: { pageSize: () => 5 },
    deliver: async ({ apply }) => {
      await clock.sleep(2000, new AbortController().signal);
      apply();
    },
  });
  const report = reader.run();
  await clock.advance(10);
  expect(source.reads).toHaveLength(1);
  home.abort();
  expect((await clock.until(report)).shards['a']).toMatchObject({ checkpoint: at('a', 5), read: 5, taken: 5 });
  expect(source.reads).toHaveLength(1);
  expect([...lanes.held.values()].flat()).toHaveLength(5);
});

test('O4: what no lane accepts on the way home is left to the next reader', async () => {
  const { clock, home, reader } = setUp({
    script: { a: open('a', 6) },
    deliver: async ({ id, apply }) => (id === 'key-1' ? await never() : apply()),
  });
  const report = reader.run();
  await clock.advance(10);
  home.abort();
  expect((await clock.until(report)).shards['a']).toMatchObject({ checkpoint: at('a', 1), read: 6, taken: 4 });
  expect(clock.now()).toBeGreaterThanOrEqual(1000 + 5000);
});

test('O4: what Temporal refuses for now is not waited for on the way home, and left to the next reader', async () => {
  const { clock, home, reader } = setUp({
    script: { a: open('a', 6) },
    deliver: async ({ id, apply }) => {
      if (id === 'key-1') throw new DeliveryRejectedError('larger than Temporal accepts', 60_000);
      apply();
    },
  });
  const report = reader.run();
  await clock.advance(10);
  home.abort();
  expect((await clock.until(report)).shards['a']).toMatchObject({ checkpoint: at('a', 1), read: 6, taken: 4 });
  expect(clock.now()).toBe(1010);
});

test('O6: when the lease is lost it throws at once and not one request leaves after that', async () => {
  const { clock, lost, lanes, reader, reports } = setUp({
    script: { a: open('a', 50) },
    deliver: async ({ signal }) =>
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  });
  const home = reader.run();
  home.catch(ignore);
  await clock.advance(3000);
  const [requests, reported] = [lanes.requests.length, reports.length];
  expect(requests).toBe(3);
  lost.abort(new LeaseLostError('somebody else reads'));
  await expect(home).rejects.toThrow(LeaseLostError);
  await clock.advance(60_000);
  expect([lanes.requests.length, reports.length]).toEqual([requests, reported]);
  expect(clock.sleepers).toBe(0);
});

test('O6: a request that is about to leave when the lease is lost stays', async () => {
  const lost = new AbortController();
  let stamps = 0;
  const stamp = async (): Promise<number> => {
    stamps += 1;
    if (stamps === 2) lost.abort(new LeaseLostError('somebody else reads'));
    return 42;
  };
  const { clock, lanes, reader } = setUp({
    script: { a: open('a', 50) },
    limits: { recordsInFlight: 100, bytesInFlight: 1_000_000, requestsInFlight: 1 },
    lease: { stamp, lost: lost.signal },
  });
  await expect(clock.until(reader.run())).rejects.toThrow(LeaseLostError);
  expect([stamps, lanes.requests.length]).toEqual([2, 1]);
});

test('O6: a reader that has lost its lease before it begins reads and sends nothing', async () => {
  const { clock, lost, lanes, reader, source } = setUp({ script: { a: open('a', 5) } });
  lost.abort(new LeaseLostError('somebody else reads'));
  await expect(clock.until(reader.run())).rejects.toThrow(LeaseLostError);
  expect([lanes.requests, source.reads]).toEqual([[], []]);
});

test('it reports about once a second', async () => {
  const { clock, home, reader, reports } = setUp({ script: { a: open('a', 1) } });
  const report = reader.run();
  await clock.advance(10_000);
  expect(reports).toHaveLength(11);
  expect(reports.at(-1)?.shards['a']).toMatchObject({ checkpoint: at('a', 1) });
  home.abort();
  await clock.until(report);
});

test('O9: reading stops while no lane accepts, with no more held than the budget, and goes on afterwards', async () => {
  const gate = { open: false };
  const { clock, reader, source, lanes } = setUp({
    script: { a: ending('a', 500), b: ending('b', 500) },
    deliver: async ({ apply }) => {
      if (!gate.open) throw new Error('unavailable');
      apply();
    },
  });
  const home = reader.run();
  await clock.advance(60_000);
  expect(source.reads).toHaveLength(2);
  expect(reader.highWater.records).toBe(100);
  gate.open = true;
  const { shards } = await clock.until(home);
  expect(Object.values(shards).map(({ taken, finished }) => [taken, finished])).toEqual([
    [500, true],
    [500, true],
  ]);
  expect(reader.highWater.records).toBe(100);
  expect(lanes.held.get('key-0')).toHaveLength(334);
});

test('a source that is not available is asked again, and the log says so once', async () => {
  let failures = 5;
  const { clock, reader, lines } = setUp({
    script: { a: ending('a', 2) },
    reading: {
      before: async () => {
        if (failures-- > 0) throw new SourceUnavailableError('kinesis:scripted', 'throttled');
      },
    },
  });
  expect((await clock.until(reader.run())).shards['a']).toMatchObject({ finished: true, taken: 2 });
  expect(lines.map(({ msg }) => msg)).toEqual([
    'Cannot read kinesis:scripted, retrying',
    'Reading kinesis:scripted again',
  ]);
});

test('O3: shards that cannot be read do not hold up the others', async () => {
  const bad = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`bad-${n}`, open(`bad-${n}`, 1)]));
  const { clock, home, reader } = setUp({
    script: { ...bad, good: open('good', 3) },
    reading: {
      before: async (shardId) => {
        if (shardId !== 'good') throw new SourceUnavailableError('kinesis:scripted', 'throttled');
      },
    },
  });
  const report = reader.run();
  await clock.advance(1000);
  expect(reader.report.shards['good']).toMatchObject({ taken: 3 });
  home.abort();
  await clock.until(report);
});

test('O8: a record without a usable key goes to the quarantine and stops nothing', async () => {
  const list = records('a', 6);
  const { clock, lanes, reader } = setUp({
    script: { a: { records: list, ends: true } },
    routeRecord: createRecordRouter('kinesis', (seen) => (seen.text() === '4' ? undefined : seen.partitionKey)),
  });
  const report = await clock.until(reader.run());
  expect(report.shards['a']).toMatchObject({ checkpoint: at('a', 6), finished: true, taken: 5, quarantined: 1 });
  expect(lanes.held.get('(quarantine)')).toEqual(['a:4']);
});

test('a page out of order fails the reader, and its checkpoint stays', async () => {
  const script = { a: { records: [record('a', 5, 'k'), record('a', 4, 'k')], ends: true } };
  const { clock, reader, reports } = setUp({ script });
  await expect(clock.until(reader.run())).rejects.toThrow('ascending order');
  expect(reports.at(-1)?.shards['a']).toMatchObject({ checkpoint: at('a', 5), finished: false });
});

test('a shard rests for as long as the source says after a page, when that is longer than its pace', async () => {
  let pages = 0;
  const { clock, home, reader } = setUp({
    script: { a: open('a', 0) },
    next: async () => {
      pages += 1;
      return { records: [record('a', pages, 'k')], ended: false, restMs: 5000 };
    },
  });
  const report = reader.run();
  await clock.advance(10_100);
  expect(pages).toBe(3);
  home.abort();
  await clock.until(report);
});
