import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { systemClock } from '../../lib/node/clock.ts';
import { createRecordRouter } from '../../bridge/read/route-record.ts';
import { assign, fairShare } from '../../bridge/lineage/assignment.ts';
import { Reader } from '../../bridge/read/reader.ts';
import type { ShardCursor, Source } from '../../sources/source.ts';
import { openSource } from '../../sources/open.ts';
import { DEFAULTS } from '../../settings/defaults.ts';
import { AcceptingSink } from '../reading/sink.ts';

/** What shards cost in which nothing is written. */
export interface Idle {
  readonly shards: number;
  readonly bytesPerShard: number;
  /** Polls a second of all shards together; a little more than one a second and shard is what the settings ask for. */
  readonly pollsPerSecond: number;
  readonly cpuMsPerPoll: number;
}

const WATCHED_MS = 20_000;
/** Polls of each shard before anything is measured: connections, iterators and code are there then. */
const WARM_POLLS = 3;
const CHECK_MS = 100;

/** With all the shards, and with half of them: the difference is theirs alone. */
export async function measureIdle(stream: string, shards: number): Promise<Idle> {
  await readIdle(stream, shards / 2, 0);
  const half = await readIdle(stream, shards / 2, 0);
  const all = await readIdle(stream, shards, WATCHED_MS);
  return {
    shards,
    bytesPerShard: (all.heapBytes - half.heapBytes) / (shards - shards / 2),
    pollsPerSecond: all.pollsPerSecond,
    cpuMsPerPoll: all.cpuMsPerPoll,
  };
}

interface Reading {
  readonly heapBytes: number;
  readonly pollsPerSecond: number;
  readonly cpuMsPerPoll: number;
}

async function readIdle(stream: string, shards: number, watchedMs: number): Promise<Reading> {
  const source = new CountingSource(
    openSource({ kind: 'kinesis', stream }, { idleIntervalMs: DEFAULTS.reading.idlePollMs }),
  );
  const home = new AbortController();
  const ids = (await source.all.listShards(home.signal)).slice(0, shards).map(({ shardId }) => shardId);
  const { maxReaders } = DEFAULTS.pipeline;
  const { start } = assign(ids, new Map(), maxReaders, fairShare(shards, maxReaders));
  const readers = start.map((own) => newReader(source.counted, own, home.signal));
  const running = Promise.all(readers.map(async (reader) => await reader.run()));
  while (source.polls < WARM_POLLS * shards) await systemClock.sleep(CHECK_MS, home.signal);
  const [polls, cpu, begun] = [source.polls, process.cpuUsage(), performance.now()];
  await systemClock.sleep(watchedMs, home.signal);
  const { user, system } = process.cpuUsage(cpu);
  const polled = source.polls - polls;
  const reading = {
    heapBytes: heapBytes(),
    pollsPerSecond: (1000 * polled) / (performance.now() - begun),
    cpuMsPerPoll: (user + system) / 1000 / polled,
  };
  home.abort();
  await running;
  source.all.close();
  return reading;
}

function newReader(source: Source, shardIds: readonly string[], stopReading: AbortSignal): Reader {
  return new Reader({
    source,
    shards: shardIds.map((shardId) => ({ shardId, start: { at: 'horizon' } })),
    shiftMs: 3_600_000,
    routeRecord: createRecordRouter('kinesis', undefined),
    gateway: new AcceptingSink(),
    lease: { stamp: async () => Date.now(), lost: new AbortController().signal },
    limits: DEFAULTS.reading,
    stopReading,
    onReport: () => undefined,
    log: pino({ level: 'silent' }),
    clock: systemClock,
  });
}

/** Counts the pages that are asked for. */
class CountingSource {
  polls = 0;
  readonly all: Source;
  readonly counted: Source;

  constructor(source: Source) {
    this.all = source;
    this.counted = Object.assign(Object.create(source) as Source, {
      openShard: (...args: Parameters<Source['openShard']>) => this.#count(source.openShard(...args)),
    });
  }

  #count(cursor: ShardCursor): ShardCursor {
    return {
      next: async (signal) => {
        this.polls += 1;
        return await cursor.next(signal);
      },
    };
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let time = 0; time < 3; time += 1) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
