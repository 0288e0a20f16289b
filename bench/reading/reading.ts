/**
 * Reading alone: how fast the bridge takes records out of a stream when lanes accept at once, and how much memory it
 * needs when they do not accept at all.
 */
import { pino } from 'pino';
import { systemClock } from '../../lib/node/clock.ts';
import { createRecordRouter } from '../../bridge/read/route-record.ts';
import type { LaneGateway } from '../../bridge/deliver/gateway.ts';
import { Reader } from '../../bridge/read/reader.ts';
import { withKinesis } from '../emulator.ts';
import { openSource } from '../../sources/open.ts';
import { writeReport, type Figures, type HeldBack, type Throughput } from './report.ts';
import { profiled } from './profile.ts';
import { AcceptingSink, SilentSink } from './sink.ts';
import { fillStream } from './stream.ts';

const SHARD_COUNTS = [1, 4, 64];
const LIMITS = { recordsInFlight: 10_000, bytesInFlight: 16 * 1024 * 1024, requestsInFlight: 64 };
const HELD_BACK_MS = 15_000;

export interface ReadingOptions {
  readonly records: number;
  readonly write?: boolean;
  readonly json?: boolean;
}

export async function benchReading({ records, write = false, json = false }: ReadingOptions): Promise<void> {
  await withKinesis({ shardLimit: 200 }, async () => {
    const throughput: Throughput[] = [];
    for (const shards of SHARD_COUNTS) {
      const stream = `bench-${shards}`;
      process.stderr.write(`Filling ${stream} with ${records} records\n`);
      await fillStream(stream, shards, records);
      throughput.push(await measureThroughput(stream, shards, records));
    }
    process.stderr.write('Reading for lanes that do not accept\n');
    const heldBack = await measureHeldBack('bench-64');
    const figures: Figures = { records, throughput, heldBack };
    process.stdout.write(json ? `${JSON.stringify(figures, undefined, 2)}\n` : await writeReport(figures, write));
  });
}

async function measureThroughput(stream: string, shards: number, records: number): Promise<Throughput> {
  const sink = new AcceptingSink();
  const home = new AbortController();
  const reader = await startReader(stream, sink, home.signal);
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  const { result: seconds, shares } = await profiled(async () => {
    const running = reader.run();
    while (sink.accepted < records) await systemClock.sleep(5, home.signal);
    const took = (performance.now() - begun) / 1000;
    home.abort();
    await running;
    return took;
  });
  const { user, system } = process.cpuUsage(cpuBefore);
  if (sink.accepted !== records) throw new Error(`${sink.accepted} records were accepted of ${records}`);
  const cpuMicrosPerRecord = (user + system) / records;
  return { shards, seconds, recordsPerSecond: records / seconds, cpuMicrosPerRecord, shares };
}

async function measureHeldBack(stream: string): Promise<HeldBack> {
  const home = new AbortController();
  const reader = await startReader(stream, new SilentSink(), home.signal);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  const running = reader.run();
  const until = performance.now() + HELD_BACK_MS;
  while (performance.now() < until) {
    await systemClock.sleep(50, home.signal);
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  home.abort();
  await running;
  const { records, bytes } = reader.highWater;
  if (records > LIMITS.recordsInFlight || bytes > LIMITS.bytesInFlight) {
    throw new Error(`${records} records and ${bytes} bytes were in flight, more than the settings allow`);
  }
  return { limits: LIMITS, records, bytes, rssGrowthBytes: peak - before };
}

async function startReader(stream: string, gateway: LaneGateway, stopReading: AbortSignal): Promise<Reader> {
  const source = openSource({ kind: 'kinesis', stream });
  const shards = await source.listShards(stopReading);
  return new Reader({
    source,
    shards: shards.map(({ shardId }) => ({ shardId, start: { at: 'horizon' } })),
    shiftMs: 3_600_000,
    routeRecord: createRecordRouter('kinesis', undefined),
    gateway,
    lease: { stamp: async () => Date.now(), lost: new AbortController().signal },
    limits: LIMITS,
    stopReading,
    onReport: () => undefined,
    log: pino({ level: 'silent' }),
    clock: systemClock,
  });
}
