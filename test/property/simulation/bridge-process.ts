import { pino } from 'pino';
import { KnownListings } from '../../../activities/reading/known-listings.ts';
import { resume } from '../../../activities/reading/resume.ts';
import type { Clock } from '../../../lib/node/clock.ts';
import { createRecordRouter } from '../../../bridge/read/route-record.ts';
import type { DeliveryRequest } from '../../../bridge/deliver/gateway.ts';
import { Lease, LeaseLostError } from '../../../bridge/lease/lease.ts';
import { Reader } from '../../../bridge/read/reader.ts';
import { FreezeWatch } from '../../../lib/node/freeze-watch.ts';
import type { ReaderInput, ReaderReport } from '../../../contracts/pipeline/reading.ts';
import type { ShardListing } from '../../../contracts/pipeline/shards.ts';
import type { Source } from '../../../sources/source.ts';
import type { SimulatedClock } from './clock.ts';
import type { Random } from './random.ts';
import type { SimulatedLanes } from './simulated-lanes.ts';
import type { SimulatedPools } from './simulated-pools.ts';
import type { SimulatedSource } from './simulated-source.ts';

/** How long a request may be on its way; its deadline and a little more. */
export const REQUEST_MS = 5000;
const LIMITS = { recordsInFlight: 20, bytesInFlight: 20_000, requestsInFlight: 3 };
/** The SDK does not pass on every heartbeat. */
const BEAT_EVERY = 0.4;

const log = pino({ level: 'silent' });

/** One attempt of a reader, as the server sees it. */
export interface Attempt {
  readonly number: number;
  readonly startedAt: number;
  /** The last heartbeat of the attempt before. */
  readonly from: ReaderReport | undefined;
  isOpen: boolean;
  /** Takes a heartbeat in. Tells whether the reader is asked to come home. */
  beat(report: ReaderReport): boolean;
}

interface ProcessOptions {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly source: SimulatedSource;
  readonly lanes: SimulatedLanes | SimulatedPools;
  /** Undefined when each key has a lane of its own. */
  readonly pools: number | undefined;
}

/**
 * A bridge: readers with their leases, on a clock that can be stopped. It can be killed, frozen, and cut off from the
 * server for its heartbeats alone.
 */
export class BridgeProcess {
  readonly #options: ProcessOptions;
  readonly #clock: Clock;
  readonly #freezeWatch: FreezeWatch;
  readonly #leases = new Set<Lease>();
  readonly #homes = new Set<AbortController>();
  readonly #listings = new KnownListings();
  #state: 'up' | 'stopping' | 'dead' = 'up';
  #frozenUntil = -Infinity;
  #deafUntil = -Infinity;
  #freezeSendingMs: number | undefined;

  constructor(options: ProcessOptions) {
    const { clock } = options;
    this.#options = options;
    this.#clock = {
      now: () => clock.now(),
      wall: () => clock.now(),
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        await this.#thawed();
        if (!this.isDead) this.#freezeWatch.tick();
      },
    } as Clock;
    this.#freezeWatch = new FreezeWatch({ monotonic: () => clock.now(), wall: () => clock.now() });
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** Whether it takes on work. */
  get isPolling(): boolean {
    return this.#state === 'up' && this.#frozenUntil <= this.#options.clock.now();
  }

  kill(): void {
    this.#state = 'dead';
    for (const lease of this.#leases) lease.lose(new LeaseLostError('killed'));
  }

  /** In order: its readers come home. */
  stop(): void {
    if (this.#state === 'up') this.#state = 'stopping';
    for (const home of this.#homes) home.abort();
  }

  /** @param sending with a request that has its stamp and is not on its way yet, as soon as there is one */
  freeze(ms: number, sending: boolean): void {
    if (sending) this.#freezeSendingMs = ms;
    else this.#frozenUntil = this.#options.clock.now() + ms;
  }

  /** Its heartbeats do not arrive; everything else does. */
  deafen(ms: number): void {
    this.#deafUntil = this.#options.clock.now() + ms;
  }

  async list(known: string | undefined): Promise<ShardListing> {
    const { source } = this.#options;
    const shards = await source.listShards();
    return { ...this.#listings.describe(shards, known), retentionMs: await source.retentionMs() };
  }

  /** Never settles when the process is killed. */
  async read(input: ReaderInput, attempt: Attempt): Promise<ReaderReport> {
    const home = new AbortController();
    const lease = this.#lease(input, attempt);
    this.#leases.add(lease);
    this.#homes.add(home);
    try {
      return await this.#shift(input, attempt, lease, home);
    } finally {
      this.#leases.delete(lease);
      this.#homes.delete(home);
      lease.close();
      if (this.isDead) await new Promise(() => {});
      await this.#thawed();
    }
  }

  async #shift(input: ReaderInput, attempt: Attempt, lease: Lease, home: AbortController): Promise<ReaderReport> {
    const { pools, random, source } = this.#options;
    const { shards, finished } = resume(input, attempt.from);
    const whole = (report: ReaderReport): ReaderReport => ({ shards: { ...finished, ...report.shards } });
    let beatAt = -Infinity;
    const reader = new Reader({
      source: this.#frozenWith(source),
      shards,
      shiftMs: input.shiftMs,
      routeRecord: createRecordRouter(source.kind, undefined),
      gateway: { send: async (request, signal) => await this.#send(request, signal) },
      lease,
      limits: LIMITS,
      pools,
      stopReading: home.signal,
      onReport: (report) => {
        const now = this.#clock.now();
        if (this.isDead || now < this.#deafUntil || now - beatAt < BEAT_EVERY * input.heartbeatTimeoutMs) return;
        beatAt = now;
        if (!attempt.isOpen) lease.lose(new LeaseLostError('given up'));
        else if (attempt.beat(whole(report))) home.abort();
      },
      log,
      clock: this.#clock,
      random,
    });
    return whole(await reader.run());
  }

  #lease(input: ReaderInput, attempt: Attempt): Lease {
    const { clock, random } = this.#options;
    return new Lease({
      reader: `attempt ${attempt.number}`,
      find: async () => {
        await clock.sleep(random() * 100);
        await this.#thawed();
        if (random() < 0.1) throw new Error('unavailable');
        return attempt.isOpen ? attempt.startedAt : undefined;
      },
      freezeWatch: this.#freezeWatch,
      heartbeatTimeoutMs: input.heartbeatTimeoutMs,
      clock: this.#clock,
      random,
    });
  }

  /** Arrives, or not, soon or late, perhaps after the reader has stopped; the answer is lost, or not. */
  async #send(request: DeliveryRequest, signal: AbortSignal): Promise<void> {
    const { clock, lanes, random, source } = this.#options;
    await this.#thawed();
    signal.throwIfAborted();
    if (this.#freezeSendingMs !== undefined) {
      // Between stamp and socket: this is what the stamp is for.
      this.freeze(this.#freezeSendingMs, false);
      this.#freezeSendingMs = undefined;
      await this.#thawed();
    }
    const isTrouble = random() < source.weather.requests;
    const fate = isTrouble ? random() : 1;
    if (fate < 0.3) throw new Error('unavailable');
    await clock.sleep(random() * 150);
    if (fate < 0.6) {
      clock.after(random() * REQUEST_MS, () => lanes.take(request));
      await this.#thawed();
      throw new Error('deadline exceeded');
    }
    lanes.take(request);
    await this.#thawed();
    if (fate < 1) throw new Error('the answer was lost');
  }

  #frozenWith(source: Source): Source {
    return {
      ...source,
      kind: source.kind,
      identity: source.identity,
      pace: source.pace,
      listShards: async (signal) => await source.listShards(signal),
      retentionMs: async (signal) => await source.retentionMs(signal),
      openShard: (shardId, start) => {
        const cursor = source.openShard(shardId, start);
        return {
          next: async (signal) => {
            const page = await cursor.next(signal);
            await this.#thawed();
            return page;
          },
        };
      },
      close: () => {},
    };
  }

  async #thawed(): Promise<void> {
    const { clock } = this.#options;
    while (this.#frozenUntil > clock.now()) await clock.sleep(this.#frozenUntil - clock.now());
  }
}
