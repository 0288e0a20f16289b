/**
 * A run of a whole pipeline in memory and on virtual time: the workflow's own code, readers with their leases, lanes or pools by
 * their own functions, over a model of the stream and of what Temporal does for activities.
 */
import { checkpointsOf } from '../../../bridge/lineage/lineage.ts';
import type { ShardCheckpoint } from '../../../contracts/questions.ts';
import type { PipelineInput } from '../../../contracts/pipeline/messages.ts';
import type { PipelineState } from '../../../contracts/pipeline/state.ts';
import type { StartPoint } from '../../../contracts/pipeline/options.ts';
import { DEFAULT_LANE_OPTIONS } from '../../../contracts/lane/options.ts';
import { formatPosition, type Position } from '../../../contracts/event/position.ts';
import { PipelineHost } from '../../../workflows/pipeline/host.ts';
import { BridgeProcess } from './bridge-process.ts';
import { Checks } from './checks.ts';
import { SimulatedClock } from './clock.ts';
import { randomFrom, type Random } from './random.ts';
import { KEYS, type Scenario, type Step } from './scenario.ts';
import { ShardGraph, type Written } from './shard-graph.ts';
import { kept, SimulatedLanes, type LanesOptions } from './simulated-lanes.ts';
import { SimulatedPools } from './simulated-pools.ts';
import { SimulatedServer } from './simulated-server.ts';
import { SimulatedSource } from './simulated-source.ts';
import { ContinueAsNew, WorkflowRun } from './workflow-runtime.ts';

const BEGIN = 1_700_000_000_000;
const PROCESSES = 2;
const HEARTBEAT_TIMEOUT_MS = 5000;
/** In the proportions of the defaults: idle > margin + heartbeat timeout + a request + the 30 s of a lease. */
const LANE = { ...DEFAULT_LANE_OPTIONS, leaseMarginMs: 40_000, idleMs: 82_000, signalsPerRun: 3, maxBatchEvents: 4 };
const MARKS_CARRIED = 0;
/** In fair weather everything is read within this, or never. */
const ENDS_WITHIN_MS = 900_000;

const LAST_TURNS = 5;

/** What happened in a run, so that a test can see that it hurt. */
export interface Course {
  readonly failure: string | undefined;
  readonly accepted: number;
  readonly lost: number;
  /** Records that were lost and had to be told as gaps. */
  readonly lostInGaps: number;
  readonly runs: number;
  readonly attempts: number;
  readonly timedOut: number;
  readonly lanesEnded: number;
  readonly forgotAtWork: number;
  readonly turnedAway: number;
  readonly listingFaults: number;
  readonly wholeListings: number;
  readonly differences: number;
  readonly virtualMs: number;
}

export class Simulation {
  readonly #scenario: Scenario;
  readonly #clock = new SimulatedClock(BEGIN);
  readonly #random: Random;
  readonly #graph: ShardGraph;
  readonly #source: SimulatedSource;
  readonly #checks: Checks;
  readonly #lanes: SimulatedLanes | SimulatedPools;
  readonly #server: SimulatedServer;
  readonly #startAt: StartPoint;
  #processes: BridgeProcess[];
  #host: PipelineHost | undefined;
  #run: WorkflowRun | undefined;
  #runs = 0;
  #gapsTold = 0;
  readonly #drips: Promise<void>[] = [];
  /** The first durable checkpoint of each shard that was seen. */
  readonly #readFrom = new Map<string, Position>();
  /** States that the pipeline has had, the earliest first. */
  readonly #states: PipelineState[] = [];

  constructor(scenario: Scenario) {
    const random = randomFrom(scenario.seed);
    const { retentionMs = Infinity, shards, startAfterMs, weather } = scenario;
    const clock = this.#clock;
    this.#scenario = scenario;
    this.#random = random;
    this.#startAt = startAfterMs === undefined ? { at: 'horizon' } : { at: 'time', since: BEGIN + startAfterMs };
    this.#graph = new ShardGraph(clock, random, { shards, retentionMs });
    this.#source = new SimulatedSource(clock, random, this.#graph, weather);
    this.#checks = new Checks(this.#graph, this.#startAt.at === 'time' ? this.#startAt.since : -Infinity);
    const hosting: LanesOptions = {
      clock,
      random,
      checks: this.#checks,
      lane: LANE,
      marksCarried: MARKS_CARRIED,
      checkpoints: kept(clock, random, () => this.#durableCheckpoints()),
    };
    this.#lanes = scenario.pools === undefined ? new SimulatedLanes(hosting) : new SimulatedPools(hosting);
    this.#processes = Array.from({ length: PROCESSES }, () => this.#newProcess());
    this.#server = new SimulatedServer({ clock, random, source: this.#source, processes: () => this.#processes });
  }

  /** Runs it to its end, on a `Date` of its own: the workflow's code asks for the time there. */
  async run(): Promise<Course> {
    const systemNow = Date.now;
    Date.now = () => this.#clock.now();
    try {
      await this.#clock.until(this.#play());
    } catch (error) {
      this.#checks.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      await this.#endProcesses();
      Date.now = systemNow;
    }
    return {
      failure: this.#checks.failure,
      accepted: this.#checks.accepted,
      lost: this.#checks.lost,
      lostInGaps: this.#gapsTold,
      runs: this.#runs,
      attempts: this.#server.attempts,
      timedOut: this.#server.timedOut,
      lanesEnded: this.#lanes.ended,
      forgotAtWork: this.#lanes.forgot,
      turnedAway: this.#lanes.turnedAway,
      listingFaults: this.#source.faults.length,
      wholeListings: this.#server.wholeListings,
      differences: this.#server.differences,
      virtualMs: this.#clock.now() - BEGIN,
    };
  }

  /** Readers that are still out wait for signals, and Node keeps such signals, and all that hangs on them, for ever. */
  async #endProcesses(): Promise<void> {
    for (const process of this.#processes) process.kill();
    for (let turn = 0; turn < LAST_TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async #play(): Promise<void> {
    for (const step of this.#scenario.past) await this.#take(step);
    this.#startPipeline(undefined);
    for (const step of this.#scenario.steps) {
      await this.#take(step);
      await this.#clock.sleep(this.#random() * 500);
      if (this.#checks.failure !== undefined) return;
      this.#keepState();
    }
    await Promise.all(this.#drips);
    this.#source.weather = { listings: 0, reads: 0, requests: 0 };
    await this.#comeToAnEnd();
    // Whatever is still on its way or frozen comes, to lanes that have ended.
    await this.#clock.sleep(150_000);
    this.#checkHandled();
    this.#checkGaps();
  }

  async #take(step: Step): Promise<void> {
    const graph = this.#graph;
    switch (step.kind) {
      case 'put':
        for (let n = 0; n < step.count; n += 1) this.#put(step.key);
        return;
      case 'drip':
        this.#drips.push(this.#drip(step));
        return;
      case 'split':
        return graph.split(step.which);
      case 'merge':
        return graph.merge(step.which);
      case 'roll':
        return graph.roll(step.which);
      case 'wait':
        return await this.#clock.sleep(step.ms);
      case 'kill':
      case 'stop':
        return this.#replace(step.which, step.kind, step.ms);
      case 'freeze':
        this.#process(step.which)?.freeze(step.ms, step.sending);
        if (step.sending) this.#put(step.which % KEYS);
        return;
      case 'deafen':
        return this.#process(step.which)?.deafen(step.ms);
      case 'outage':
        for (let which = this.#processes.length; which > 0; which -= 1) this.#replace(0, 'kill', step.ms);
        return;
      case 'terminate':
        return await this.#terminate(step.ms, step.back);
      case 'pause':
        return await this.#pause(step.ms);
    }
  }

  async #drip({ count, everyMs, key }: Step & { kind: 'drip' }): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      this.#put(key);
      await this.#clock.sleep(everyMs);
    }
  }

  #put(key: number): void {
    this.#graph.put(`key-${key}`, key * 11 + 3);
  }

  #process(which: number): BridgeProcess | undefined {
    return this.#processes[which % Math.max(1, this.#processes.length)];
  }

  #newProcess(): BridgeProcess {
    const shared = { clock: this.#clock, random: this.#random, source: this.#source, lanes: this.#lanes };
    return new BridgeProcess({ ...shared, pools: this.#scenario.pools });
  }

  #replace(which: number, how: 'kill' | 'stop', ms: number): void {
    const process = this.#process(which);
    if (process === undefined) return;
    process[how]();
    this.#processes = this.#processes.filter((each) => each !== process);
    this.#clock.after(ms, () => this.#processes.push(this.#newProcess()));
  }

  /** As the workflow `pipeline` does, over its runs. */
  #startPipeline(carried: PipelineState | undefined): void {
    const { discoverEveryMs, eventsPerRun, maxReaders, shiftMs } = this.#scenario;
    const heartbeatTimeoutMs = HEARTBEAT_TIMEOUT_MS;
    this.#continue({
      version: 1,
      pipeline: 'simulated',
      source: this.#source.identity,
      startAt: this.#startAt,
      options: { discoverEveryMs, eventsPerRun, heartbeatTimeoutMs, maxReaders, shiftMs },
      ...(carried === undefined ? {} : { carried }),
    });
  }

  #continue(input: PipelineInput): void {
    this.#runs += 1;
    const run = new WorkflowRun(this.#clock, this.#server.schedule);
    this.#run?.end();
    this.#run = run;
    run.enter(() => {
      const host = new PipelineHost(input);
      this.#host = host;
      host.run().catch((error: unknown) => {
        if (error instanceof ContinueAsNew) this.#continue(error.input as PipelineInput);
        else this.#checks.fail(`The pipeline failed: ${String(error)}`);
      });
    });
  }

  /** From outside. It is found again by what its closed run answers; only lanes that remember all can bear less. */
  async #terminate(ms: number, back: number): Promise<void> {
    const state = this.#host?.view().state;
    this.#run?.end();
    this.#host = undefined;
    await this.#clock.sleep(ms);
    const earlier = this.#states[Math.floor((1 - back) * this.#states.length)];
    this.#startPipeline(this.#scenario.lanesForget ? state : (earlier ?? state));
  }

  async #pause(ms: number): Promise<void> {
    this.#run?.enter(() => this.#host?.pause({ by: 'ann' }));
    await this.#clock.sleep(ms);
    this.#run?.enter(() => this.#host?.resume());
  }

  #keepState(): void {
    const state = this.#host?.view().state;
    if (state?.discovered !== true) return;
    this.#states.push(state);
    for (const { shardId, checkpoint } of Object.values(state.shards)) {
      if (checkpoint !== undefined && !this.#readFrom.has(shardId)) this.#readFrom.set(shardId, checkpoint);
    }
  }

  /** What a lane learns that asks whether it may forget. */
  #durableCheckpoints(): Record<string, ShardCheckpoint> | undefined {
    const state = this.#host?.view().state;
    if (!this.#scenario.lanesForget || state?.discovered !== true) return undefined;
    return checkpointsOf(state);
  }

  async #comeToAnEnd(): Promise<void> {
    const latest = this.#clock.now() + ENDS_WITHIN_MS;
    for (let left = this.#left(); left !== undefined; left = this.#left()) {
      if (this.#checks.failure !== undefined) return;
      if (this.#clock.now() > latest) return this.#checks.fail(`It does not come to an end: ${left}`);
      await this.#clock.sleep(1000);
    }
  }

  #left(): string | undefined {
    const { unread } = this.#checks;
    if (unread !== undefined) return `O4: ${formatPosition(unread.position)} is in no lane`;
    if (!this.#lanes.areIdle) return 'lanes are at work';
    const finished = this.#host?.view().state.finished.missingSince ?? {};
    const open = [...this.#graph.shards.values()].find(
      (shard) => shard.closedAt !== undefined && this.#graph.isListed(shard) && finished[shard.id] === undefined,
    );
    return open === undefined ? undefined : `shard ${open.id} is not finished`;
  }

  /** O1, for the handlers. */
  #checkHandled(): void {
    const { late } = this.#checks;
    const inTime = (records: readonly Written[]): string[] =>
      records.filter((record) => !late.has(record)).map(({ position }) => formatPosition(position));
    const tooLate = new Set([...late].map(({ position }) => formatPosition(position)));
    for (const [key, records] of this.#graph.written) {
      const expected = inTime(records.filter((record) => this.#checks.isAccepted(record)));
      const handled = (this.#lanes.handled.get(key) ?? []).filter((position) => !tooLate.has(position));
      if (handled.join(' ') !== expected.join(' ')) {
        this.#checks.fail(`O1: handlers of ${key} were not called in order, or not for everything`);
      }
    }
  }

  /** O10: what was gone before it was read, in a shard of which something had been, is told. */
  #checkGaps(): void {
    if (!this.#scenario.lanesForget) return;
    const gaps = this.#host?.view().state.gaps ?? [];
    for (const [shardId, from] of this.#readFrom) {
      const lost = this.#graph.shards
        .get(shardId)!
        .records.filter(({ sequence }) => sequence > BigInt(from.sequenceNumber))
        .filter((record) => !this.#checks.isAccepted(record));
      const isTold = ({ sequence }: Written): boolean =>
        gaps.some(({ shardId: id, after, until }) => {
          const isAfter = after === undefined || sequence > BigInt(after.sequenceNumber);
          return id === shardId && isAfter && (until === undefined || sequence < BigInt(until.sequenceNumber));
        });
      const unacknowledged = lost.find((record) => !isTold(record));
      if (unacknowledged !== undefined)
        this.#checks.fail(`O10: nobody tells that ${formatPosition(unacknowledged.position)} is lost`);
      this.#gapsTold += lost.length;
    }
  }
}
