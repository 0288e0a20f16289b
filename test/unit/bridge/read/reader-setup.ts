/** A reader with everything around it in memory. */
import { pino } from 'pino';
import { createRecordRouter } from '../../../../bridge/read/route-record.ts';
import { Reader, type ReaderOptions } from '../../../../bridge/read/reader.ts';
import type { ReaderReport } from '../../../../contracts/pipeline/reading.ts';
import type { ShardCursor } from '../../../../sources/source.ts';
import { ModelLanes, type Arrival } from '../deliver/model-lanes.ts';
import { record, ScriptedSource, type ScriptOptions, type ShardScript } from './scripted-source.ts';
import { VirtualClock } from '../virtual-clock.ts';

export const SHIFT = 300_000;

interface Setup extends Partial<ReaderOptions> {
  readonly script?: Record<string, ShardScript>;
  readonly reading?: ScriptOptions;
  /** Gives the pages of every shard, instead of the script. */
  readonly next?: ShardCursor['next'];
  readonly deliver?: (arrival: Arrival) => Promise<void>;
}

export function setUp({ script = {}, reading, next, deliver, ...options }: Setup = {}) {
  const clock = new VirtualClock();
  const source = new ScriptedSource(script, { wall: () => wallOf(clock), ...reading });
  if (next !== undefined) source.openShard = () => ({ next });
  const lanes = new ModelLanes(deliver);
  const lost = new AbortController();
  const home = new AbortController();
  const reports: ReaderReport[] = [];
  const lines: { readonly level: number; readonly msg: string }[] = [];
  const reader = new Reader({
    source,
    shards: [...source.shards.keys()].map((shardId) => ({ shardId, start: { at: 'horizon' } })),
    shiftMs: SHIFT,
    routeRecord: createRecordRouter('kinesis', undefined),
    gateway: lanes,
    lease: { stamp: async () => 42, lost: lost.signal },
    limits: { recordsInFlight: 100, bytesInFlight: 1_000_000, requestsInFlight: 8 },
    stopReading: home.signal,
    onReport: (report) => reports.push(report),
    log: pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }),
    clock,
    wall: () => wallOf(clock),
    random: () => 0.5,
    ...options,
  });
  return { clock, source, lanes, lost, home, reports, lines, reader };
}

/** ms since 1970, as the reader tells it. Records of a script arrive about when the clock begins. */
export const wallOf = (clock: VirtualClock): number => 1_700_000_000_000 + clock.now();

export const records = (shardId: string, count: number, keys = 3) =>
  Array.from({ length: count }, (_, n) => record(shardId, n + 1, `key-${n % keys}`));
export const open = (shardId: string, count: number): ShardScript => ({
  records: records(shardId, count),
  ends: false,
});
export const ending = (shardId: string, count: number): ShardScript => ({
  records: records(shardId, count),
  ends: true,
});
export const at = (shardId: string, n: number) => ({ shardId, sequenceNumber: String(n) });
