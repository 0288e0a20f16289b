import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { StreamGuard } from '../../../../activities/reading/stream-guard.ts';
import { seen, type StreamIdentity } from '../../../../contracts/pipeline/stream-identity.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../../../sources/errors.ts';
import { RecordedMetrics } from '../../bridge/read/recorded-metrics.ts';
import { ScriptedSource } from '../../bridge/read/scripted-source.ts';

const never = new AbortController().signal;
const former: StreamIdentity = { arn: 'arn:orders', createdAt: '2026-01-01T00:00:00.000Z' };
const anew: StreamIdentity = { arn: 'arn:orders', createdAt: '2026-01-02T00:00:00.000Z' };
const known = seen(undefined, former, Date.now());
const listing = { shards: [] };

function setUp(acceptsUnordered = false) {
  const lines: { readonly level: number; readonly msg: string }[] = [];
  const metrics = new RecordedMetrics();
  const source = new ScriptedSource({ a: { records: [], ends: false } });
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  const guard = new StreamGuard({ pipeline: 'orders', source, metrics, log, acceptsUnordered, figuresForMs: 60_000 });
  const isNow = (stream: StreamIdentity) => (source.describe = async () => ({ stream }));
  return { guard, isNow, lines, metrics, source };
}

test('another stream in a listing is said once in the log, counts as a gap once, and shows as long as it is there (fault C2)', () => {
  const { guard, lines, metrics } = setUp();
  guard.listed({ ...listing, stream: former }, known);
  expect(metrics.stream).toEqual({ changed: false, unordered: false });
  guard.listed({ ...listing, stream: anew }, known);
  guard.listed({ ...listing, stream: anew }, known);
  // A listing that does not tell changes nothing.
  guard.listed(listing, known);
  expect(metrics.stream).toEqual({ changed: true, unordered: false });
  expect(metrics.gaps).toBe(1);
  expect(lines).toMatchObject([
    { level: 50, msg: expect.stringMatching(/^Reading stops\. .*another stream.*--start-over/) },
  ]);
  guard.listed({ ...listing, stream: former }, known);
  expect(metrics.stream).toEqual({ changed: false, unordered: false });
});

test('figures end by themselves when another process lists from now on (fault C2)', () => {
  vi.useFakeTimers();
  try {
    const { guard, metrics } = setUp();
    guard.listed({ ...listing, stream: anew }, known);
    vi.advanceTimersByTime(59_000);
    expect(metrics.stream?.changed).toBe(true);
    vi.advanceTimersByTime(2000);
    expect(metrics.stream?.changed).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});

test('a stream that does not keep the order of a key is said once, unless the settings accept it (fault C4)', () => {
  const strict = setUp();
  const unordered = { ...listing, stream: former, unordered: true };
  expect(strict.guard.listed(unordered, known)).toEqual(unordered);
  strict.guard.listed(unordered, known);
  expect(strict.metrics.stream).toEqual({ changed: false, unordered: true });
  expect(strict.lines).toMatchObject([{ level: 50, msg: expect.stringMatching(/AUTO.*`order: 'none'`/) }]);

  const lax = setUp(true);
  expect(lax.guard.listed(unordered, known)).toEqual({ ...unordered, unordered: false });
  expect(lax.metrics.stream).toEqual({ changed: false, unordered: false });
  expect(lax.lines).toEqual([]);
});

test('O4 a reader does not begin in a process that has another stream before it (fault C1)', async () => {
  const { guard, isNow } = setUp();
  isNow(anew);
  await expect(guard.check(known, never)).rejects.toThrow(SourceConfigurationError);
  await expect(guard.check(known, never)).rejects.toThrow(/another stream/);
  isNow(former);
  await guard.check(known, never);
  await guard.check(undefined, never);
});

test('what a process has seen of a table before its stream was enabled again does not keep its readers away (fault C1)', async () => {
  const { guard, source } = setUp();
  const before = { arn: 'arn:table', labels: ['1'], enabled: '1' };
  const after = { arn: 'arn:table', labels: ['1', '2'], enabled: '2' };
  let stream: StreamIdentity = before;
  source.describe = async () => ({ stream });
  await guard.check(seen(undefined, before, Date.now()), never);
  source.listShards = async () => {
    stream = after;
    return [];
  };
  await guard.check(seen(undefined, after, Date.now()), never);
});

test('a stream that cannot be described keeps no reader from reading', async () => {
  const { guard, source } = setUp();
  source.describe = async () => {
    throw new SourceUnavailableError('kinesis:scripted', 'throttled');
  };
  await guard.check(known, never);
});
