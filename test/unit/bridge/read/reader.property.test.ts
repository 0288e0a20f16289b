/**
 * Readers that crash, overlap and come home, lanes that are full, a server that throttles, answers that are late or never
 * come, in random order: each lane must hold the records of its key exactly once, in the order of each shard.
 */
import * as fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createRecordRouter } from '../../../../bridge/read/route-record.ts';
import { DeliveryRejectedError, PressureError } from '../../../../bridge/deliver/gateway.ts';
import { LeaseLostError } from '../../../../bridge/lease/lease.ts';
import { Reader } from '../../../../bridge/read/reader.ts';
import type { ReaderReport, ShardProgress } from '../../../../contracts/pipeline/reading.ts';
import type { StartPoint } from '../../../../contracts/pipeline/options.ts';
import { poolOf } from '../../../../contracts/pool/pool-of.ts';
import { comparePositions, formatPosition, type Position } from '../../../../contracts/event/position.ts';
import { SourceUnavailableError } from '../../../../sources/errors.ts';
import { ModelLanes, type Arrival } from '../deliver/model-lanes.ts';
import { record, ScriptedSource, type ShardScript } from './scripted-source.ts';
import { VirtualClock } from '../virtual-clock.ts';

const LIMITS = { recordsInFlight: 12, bytesInFlight: 8000, requestsInFlight: 3 };
const NEVER = new AbortController().signal;
const silent = pino({ level: 'silent' });

/** Now and then one that is larger than the whole budget. */
function dataOf(n: number): string {
  return 'x'.repeat(n % 7 === 3 ? 9000 : n % 50);
}

/** mulberry32: a seed of fast-check gives the whole run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class World {
  readonly clock = new VirtualClock();
  readonly random: () => number;
  readonly source: ScriptedSource;
  readonly lanes: ModelLanes;
  /** What the pipeline workflow knows. */
  readonly known = new Map<string, ShardProgress>();
  crashes = 0;
  overlaps = 0;
  readonly #pools: number | undefined;

  /** @param pools undefined when each key has a lane of its own */
  constructor(shards: readonly (readonly string[])[], seed: number, pools: number | undefined) {
    this.#pools = pools;
    this.random = randomFrom(seed);
    const script: Record<string, ShardScript> = {};
    for (const [index, keys] of shards.entries()) {
      const shardId = `shard-${index}`;
      script[shardId] = { records: keys.map((key, n) => record(shardId, n + 1, key, dataOf(n))), ends: true };
    }
    this.source = new ScriptedSource(script, {
      pageSize: () => Math.floor(this.random() * 20),
      before: async (_shardId, signal) => {
        await this.clock.sleep(this.random() * 50, signal);
        if (this.random() < 0.1) throw new SourceUnavailableError('kinesis:scripted', 'throttled');
      },
    });
    this.lanes = new ModelLanes(async (arrival) => await this.#deliver(arrival));
  }

  /** Arrives, or not, soon or late, perhaps after the reader has stopped; the answer is lost, or not. */
  async #deliver({ apply, signal }: Arrival): Promise<void> {
    const { clock, random } = this;
    const fate = random();
    if (fate < 0.1) throw this.#refusal();
    await clock.sleep(random() * 200, fate < 0.3 ? signal : NEVER);
    if (fate < 0.3) throw new Error('never arrived');
    if (fate < 0.4) {
      // The answer is lost and the request held up in the network: it comes after what was sent again.
      void clock.sleep(random() * 5000, NEVER).then(apply);
      throw new Error('deadline exceeded');
    }
    apply();
    if (fate < 0.6) throw new Error('the answer was lost');
  }

  /** Of this lane for a moment or until it has room, or of all. */
  #refusal(): Error {
    const { random } = this;
    if (random() < 0.25) return new DeliveryRejectedError('full', random() * 2000);
    return random() < 0.25 ? new Error('busy') : new PressureError('throttled, or unavailable', random() < 0.5);
  }

  #learn(report: ReaderReport): void {
    for (const [shardId, progress] of Object.entries(report.shards)) {
      this.#expectTakenOver(shardId, progress);
      const before = this.known.get(shardId);
      const [old, young] = [before?.checkpoint, progress.checkpoint];
      const further = old !== undefined && (young === undefined || comparePositions(old, young) > 0) ? old : young;
      const finished = progress.finished || before?.finished === true;
      this.known.set(shardId, { ...progress, finished, ...(further && { checkpoint: further }) });
    }
  }

  /** O4, whenever a checkpoint is told. */
  #expectTakenOver(shardId: string, { checkpoint, finished }: ShardProgress): void {
    const held = new Set([...this.lanes.held.values()].flat());
    for (const { position } of this.source.shards.get(shardId)!.records) {
      const passed = checkpoint !== undefined && comparePositions(position, checkpoint) <= 0;
      if (passed || finished) expect(held).toContain(formatPosition(position));
    }
  }

  /** One reader, until it comes home or dies. */
  async #read(shardIds: readonly string[]): Promise<void> {
    const { clock, random, source } = this;
    const lost = new AbortController();
    const home = new AbortController();
    const reports: ReaderReport[] = [];
    const reader = new Reader({
      source,
      shards: shardIds.map((shardId) => ({ shardId, start: startOf(this.known.get(shardId)?.checkpoint) })),
      shiftMs: 500 + random() * 5000,
      routeRecord: createRecordRouter('kinesis', (seen) =>
        seen.partitionKey === 'none' ? undefined : seen.partitionKey,
      ),
      gateway: this.lanes.another(),
      lease: { stamp: async () => clock.now(), lost: lost.signal },
      limits: LIMITS,
      pools: this.#pools,
      stopReading: home.signal,
      onReport: (report) => {
        this.#expectTakenOverAll(report);
        reports.push(report);
      },
      log: silent,
      clock,
      random,
    });
    const fate = random();
    const ends = clock.sleep(random() * 3000, NEVER).then(() => {
      if (fate < 0.3) lost.abort(new LeaseLostError('crashed'));
      else if (fate < 0.6) home.abort();
    });
    try {
      this.#learn(await reader.run());
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      this.crashes += 1;
      // What the server got last, which may well not be the latest.
      const heartbeat = reports[Math.floor(random() * reports.length)];
      if (heartbeat !== undefined) this.#learn(heartbeat);
    }
    await ends;
    expect(reader.highWater.records).toBeLessThanOrEqual(LIMITS.recordsInFlight);
    // One record larger than the whole budget passes, alone.
    expect(reader.highWater.bytes).toBeLessThanOrEqual(Math.max(LIMITS.bytesInFlight, 9500));
  }

  #expectTakenOverAll(report: ReaderReport): void {
    for (const [shardId, progress] of Object.entries(report.shards)) this.#expectTakenOver(shardId, progress);
  }

  async readAll(): Promise<void> {
    const open = (): string[] =>
      [...this.source.shards.keys()].filter((shardId) => this.known.get(shardId)?.finished !== true);
    for (let rounds = 0; open().length > 0; rounds += 1) {
      if (rounds > 500) throw new Error('It does not come to an end.');
      const readers = [this.#read(open())];
      // The one before was taken for dead, and lives.
      if (this.random() < 0.3) {
        this.overlaps += 1;
        await this.clock.sleep(this.random() * 500, NEVER);
        if (open().length > 0) readers.push(this.#read(open()));
      }
      await Promise.all(readers);
    }
    // Whatever is still held up in the network arrives.
    await this.clock.sleep(10_000, NEVER);
  }
}

function startOf(position: Position | undefined): StartPoint {
  return position === undefined ? { at: 'horizon' } : { at: 'after', position };
}

const HOSTINGS = [
  ['own', undefined],
  ['pooled', 2],
] as const;

test.each(HOSTINGS)(
  'O1 O4 O6 O8 O9: with %s hosting every lane holds the records of its key exactly once and in shard order, whatever happens',
  async (_hosting, pools) => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'none');
    const shard = fc.array(key, { maxLength: 80 });
    const total = { crashes: 0, overlaps: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(shard, { minLength: 1, maxLength: 3 }), fc.integer(), async (shards, seed) => {
        const world = new World(shards, seed, pools);
        await world.clock.until(world.readAll());
        total.crashes += world.crashes;
        total.overlaps += world.overlaps;
        for (const lane of ['a', 'b', 'c', 'd', 'none']) {
          const records = [...world.source.shards].map(([shardId, { records: all }]) => {
            return [shardId, all.filter(({ partitionKey }) => partitionKey === lane)] as const;
          });
          const own = new Set(records.flatMap(([, of]) => of.map(({ position }) => formatPosition(position))));
          // A pool holds those of other keys too.
          const held = (world.lanes.held.get(holderOf(lane, pools)) ?? []).filter((position) => own.has(position));
          for (const [shardId, expected] of records)
            expect(held.filter((position) => position.startsWith(`${shardId}:`))).toEqual(
              expected.map(({ position }) => formatPosition(position)),
            );
        }
      }),
      // Many enough for what must have happened below to be no matter of luck.
      { numRuns: 200 },
    );
    // It must have hurt.
    expect(total.crashes).toBeGreaterThan(20);
    expect(total.overlaps).toBeGreaterThan(20);
  },
);

function holderOf(lane: string, pools: number | undefined): string {
  if (lane === 'none') return '(quarantine)';
  return pools === undefined ? lane : `pool:${poolOf(lane, pools)}`;
}
