/**
 * Reads a stream as a pipeline does, without Temporal: sources, lineage and readers are the real ones, and what lanes
 * answer is in the hands of the test. Time runs fast for the readers, and stands still for the stream.
 */
import { setTimeout as timeout } from 'node:timers/promises';
import { pino } from 'pino';
import { ShardLister } from '../../activities/reading/shard-lister.ts';
import type { Clock } from '../../lib/node/clock.ts';
import { createRecordRouter } from '../../bridge/read/route-record.ts';
import { KeyWatch } from '../../bridge/watch/key-watch.ts';
import { advance, EMPTY_LINEAGE, readable, toRead } from '../../bridge/lineage/lineage.ts';
import { observe } from '../../bridge/lineage/listing.ts';
import { Reader } from '../../bridge/read/reader.ts';
import type { PipelineState } from '../../contracts/pipeline/state.ts';
import type { ReaderReport } from '../../contracts/pipeline/reading.ts';
import type { StartPoint } from '../../contracts/pipeline/options.ts';
import type { Source } from '../../sources/source.ts';
import { never } from '../contract/source.contract.ts';
import { ModelLanes, type Arrival } from '../unit/bridge/deliver/model-lanes.ts';
import type { CaseStream } from './case-stream.ts';

const SHIFT_MS = 100_000;
/** Of readers that nobody waits for. */
const SHORT_SHIFT_MS = 20_000;
/** ms of readers in one of ours. */
const HASTE = 100;
const PATIENCE_MS = 30_000;

const hastened: Clock = {
  now: () => performance.now() * HASTE,
  sleep: async (ms, signal) => await timeout(ms / HASTE, undefined, { signal }).catch(() => {}),
};

export class Reading {
  /** What is durable. A test may put an earlier one back. */
  state: PipelineState = EMPTY_LINEAGE;
  readonly lanes: ModelLanes;
  /** What was logged as a warning or an error. */
  readonly told: string[] = [];
  readonly #stream: CaseStream;
  readonly #startAt: StartPoint;
  readonly #held: { readonly isHeld: (arrival: Arrival) => boolean; readonly released: Promise<void> }[] = [];
  #source: Source;
  #lister: ShardLister;
  #keyWatch: KeyWatch;
  /** What the readers that are out report. */
  #reports: ReaderReport = { shards: {} };

  constructor(stream: CaseStream, startAt: StartPoint = { at: 'horizon' }) {
    this.#stream = stream;
    this.#startAt = startAt;
    this.#source = stream.open();
    this.#lister = new ShardLister(this.#source, this.#log);
    this.#keyWatch = new KeyWatch(this.#log);
    this.lanes = new ModelLanes(async (arrival) => await this.#deliver(arrival));
  }

  /** What the lane of the key has accepted. */
  held(key: string): readonly string[] {
    return this.lanes.held.get(key) ?? [];
  }

  isFinished(shardId: string): boolean {
    return this.state.finished.missingSince[shardId] !== undefined;
  }

  /** As of the latest report. */
  progress(shardId: string): ReaderReport['shards'][string] | undefined {
    return this.#reports.shards[shardId];
  }

  /** Lanes do not answer what `isHeld` says of, until the function that it returns is called. */
  hold(isHeld: (arrival: Arrival) => boolean): () => void {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const entry = { isHeld, released };
    this.#held.push(entry);
    return () => {
      this.#held.splice(this.#held.indexOf(entry), 1);
      release();
    };
  }

  /** Another process goes on from what is durable. */
  restart(): void {
    this.#source.close();
    this.#source = this.#stream.open();
    this.#lister = new ShardLister(this.#source, this.#log);
    this.#keyWatch = new KeyWatch(this.#log);
  }

  /** Lists, and reads what may be read, again and again until `isEnough`. */
  async until(isEnough: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    do {
      if (performance.now() > end) throw new Error(`Not reached: ${isEnough.toString()}\n${this.#story()}`);
      await this.#round(SHIFT_MS, isEnough);
    } while (!isEnough());
  }

  /** Lists and reads so many times, a short shift each. */
  async rounds(count: number): Promise<void> {
    for (let round = 0; round < count; round += 1) await this.#round(SHORT_SHIFT_MS, () => false);
  }

  async #round(shiftMs: number, isEnough: () => boolean): Promise<void> {
    const wall = (): number => this.#stream.fake.clock.now();
    const listing = await this.#lister.list(this.state.listed, never);
    this.state = observe(this.state, listing, this.#startAt, wall());
    const shards = readable(this.state).map((shard) => toRead(this.state, shard));
    const enough = new AbortController();
    const reader = new Reader({
      source: this.#source,
      shards,
      shiftMs,
      routeRecord: createRecordRouter(this.#source.kind, undefined),
      gateway: this.lanes.another(),
      lease: { stamp: async () => 0, lost: never },
      limits: { recordsInFlight: 1000, bytesInFlight: 1_000_000, requestsInFlight: 8 },
      stopReading: enough.signal,
      onReport: (report) => {
        this.#reports = { shards: { ...this.#reports.shards, ...report.shards } };
        if (isEnough()) enough.abort();
      },
      retentionMs: this.state.retentionMs,
      keyWatch: this.#keyWatch,
      log: this.#log,
      clock: hastened,
      wall,
    });
    this.state = advance(this.state, await reader.run());
  }

  async #deliver({ apply, ...arrival }: Arrival): Promise<void> {
    const held = this.#held.find(({ isHeld }) => isHeld({ apply, ...arrival }));
    if (held !== undefined) await Promise.race([held.released, aborted(arrival.signal)]);
    arrival.signal.throwIfAborted();
    apply();
  }

  readonly #log = pino({ level: 'warn' }, { write: (line: string) => this.told.push((JSON.parse(line) as Line).msg) });

  #story(): string {
    return JSON.stringify({ state: this.state, reports: this.#reports, held: [...this.lanes.held], told: this.told });
  }
}

interface Line {
  readonly msg: string;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Shards whose records are in the request. */
export function shardsOf({ request }: Pick<Arrival, 'request'>): string[] {
  const records = request.to === 'quarantine' ? request.records : request.events;
  return [...new Set(records.map(({ position }) => position.shardId))];
}
