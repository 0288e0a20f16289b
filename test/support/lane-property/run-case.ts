/** Runs one case on real lanes: its steps, then everything is released and has to come out. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { laneWorkflowId } from '../../../contracts/lane/id.ts';
import type { LaneView } from '../../../contracts/lane/view.ts';
import { poolWorkflowId, QUERIES } from '../../../contracts/names.ts';
import { gatewayTo } from '../gateway.ts';
import { Calls } from './calls.ts';
import { KEYS, type LaneCase, type Step } from './case.ts';
import { Course } from './course.ts';
import { failedTasks } from './failed-tasks.ts';
import type { Fleet } from './fleet.ts';
import { idleMsOf, laneOptionsOf, poolOptionsOf } from './limits.ts';
import type { WrittenRecord } from './records.ts';
import { release } from './release.ts';
import { REQUEST_MS, Shard } from './shard.ts';
import { Verbs } from './verbs.ts';
import { verify } from './verify.ts';

const FAILURE_WAIT_MS = 1000;
const LOOK_AGAIN_MS = 20;

/** What happened, in numbers, so that it can be seen that it hurt. */
export type Counts = Record<string, number>;

export class RunningCase {
  readonly course = new Course();
  readonly counts: Counts = {};
  readonly keys: readonly string[];
  readonly shards: readonly Shard[];
  readonly calls: Calls;
  readonly verbs: Verbs;
  readonly fleet: Fleet;
  /** Its own. */
  readonly pipeline: string;
  /** How many there are; undefined when each key has a lane of its own. */
  readonly pools: number | undefined;
  /** Keys whose lanes were terminated. */
  readonly terminated = new Set<string>();
  readonly records = new Map<string, WrittenRecord>();
  readonly #case: LaneCase;
  readonly #lastHeads = new Map<string, string>();
  readonly #others: Promise<unknown>[] = [];

  /** @param number among all cases of the fleet */
  constructor(one: LaneCase, number: number, fleet: Fleet) {
    const { course, records } = this;
    this.#case = one;
    this.fleet = fleet;
    this.pipeline = `${fleet.harness.pipeline}c${number}`;
    this.pools = one.pools?.count;
    const keys = one.pools === undefined ? KEYS.own : KEYS.pooled;
    this.keys = Array.from({ length: keys }, (_, key) => `c${number}-${'abcdef'[key]}`);
    const gateway = gatewayTo(fleet.harness, {
      pipeline: this.pipeline,
      lane: laneOptionsOf(one),
      pool: poolOptionsOf(one),
      requestTimeoutMs: REQUEST_MS,
    });
    const id = (shard: number) => `shardId-${String(number).padStart(4, '0')}${String(shard).padStart(8, '0')}`;
    const reading = { gateway, course, follows: one.follows, pools: this.pools };
    this.shards = Array.from({ length: one.shards }, (_, shard) => new Shard(id(shard), reading));
    const find = (name: string) => records.get(name);
    this.calls = new Calls(course, find);
    const { calls, client, pipeline, pools, terminated } = this;
    this.verbs = new Verbs({ client, pipeline, pools, calls, course, find, terminated });
    fleet.join(`c${number}`, {
      handle: this.calls.handle,
      checkpoints: () => Object.fromEntries(this.shards.map((shard) => [shard.id, shard.checkpoint])),
      told: (what) => course.note(what),
      killed: () => this.calls.killed(),
    });
  }

  async run(): Promise<void> {
    for (const step of this.#case.steps) {
      if (this.course.failure !== undefined) break;
      await this.#take(step);
      await delay(5);
    }
    await this.#release();
    for (const workflowId of [...this.keys.map((key) => this.lane(key).workflowId), ...this.poolIds])
      for (const failed of await failedTasks(this.client, workflowId)) this.course.fail(failed);
    if (this.course.failure === undefined) await verify(this);
    if (this.course.failure !== undefined) throw new Error(`${this.course.failure}\n${this.course.toString()}`);
  }

  get client(): Client {
    return this.fleet.harness.client;
  }

  lane(key: string): WorkflowHandle {
    return this.client.workflow.getHandle(laneWorkflowId(this.pipeline, key));
  }

  get poolIds(): readonly string[] {
    return Array.from({ length: this.pools ?? 0 }, (_, pool) => poolWorkflowId(this.pipeline, pool));
  }

  count(what: string, times = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + times;
  }

  async #take(step: Step): Promise<void> {
    switch (step.do) {
      case 'write':
        return this.#write(step);
      case 'checkpoint':
        return this.#shard(step.shard).moveCheckpoint();
      case 'take over':
        if (!this.#case.overlaps) return;
        this.count('taken over');
        return this.#shard(step.shard).takeOver();
      case 'send late':
        return this.#shard(step.shard).sendLate();
      case 'verb':
        return this.#verb(step);
      case 'worker':
        if (await this.fleet.readError(step.how, step.ms)) this.count(`worker: ${step.how}`);
        return;
      case 'wait':
        await delay(step.ms);
        return;
      case 'idle':
        await delay(idleMsOf(this.#case) + 300);
        return;
      case 'look':
        this.#others.push(this.#look(this.#key(step.key)));
        return;
      case 'end':
        return this.#end(this.#key(step.key), step.how);
    }
  }

  #write({ batch, kept, records, shard: which, twice }: Step & { readonly do: 'write' }): void {
    const shard = this.#shard(which);
    for (const { key, script } of records) {
      const record = shard.write(this.#key(key), script);
      this.records.set(record.name, record);
      const { fails, takes, times } = script;
      const will = fails === 'never' ? '' : `, fails ${fails} ${times} times`;
      this.course.note(`${record.key}: ${record.name} is written, takes ${takes} ms${will}`);
    }
    this.count('written', records.length);
    if (!kept) shard.send({ batch, twice });
  }

  async #verb({ as, key: which, name, names, twice, waits }: Step & { readonly do: 'verb' }): Promise<void> {
    const key = this.#key(which);
    if (waits) await this.#failureOf(key);
    const position = this.#named(key, names);
    for (let times = twice ? 2 : 1; times > 0; times -= 1) void this.verbs.ask(key, name, as, position);
    const head = this.calls.headOf(key);
    if (head !== undefined) this.#lastHeads.set(key, head.name);
  }

  /** Resolves when its head has failed, or does not do so soon. */
  async #failureOf(key: string): Promise<void> {
    const until = Date.now() + FAILURE_WAIT_MS;
    while (!this.calls.hasFailed(key) && Date.now() < until) await delay(LOOK_AGAIN_MS);
  }

  #named(key: string, names: 'none' | 'head' | 'next' | 'old'): string | undefined {
    const waiting = [...this.records.values()].filter((record) => record.key === key && !this.calls.isDone(record));
    const head = this.calls.headOf(key) ?? waiting[0];
    if (names === 'head') return head?.name;
    if (names === 'next') return waiting.find((record) => record !== head)?.name;
    return names === 'old' ? this.#lastHeads.get(key) : undefined;
  }

  async #look(key: string): Promise<void> {
    try {
      const { head, phase, waiting } = await this.lane(key).query<LaneView>(QUERIES.lane);
      const name = head === undefined ? 'no head' : `head ${head.position.shardId}:${head.position.sequenceNumber}`;
      this.course.note(`${key} is ${phase.state}, ${name}, ${waiting} wait`);
    } catch (error) {
      this.course.note(`${key} gave no answer: ${String(error)}`);
    }
  }

  async #end(key: string, how: 'cancel' | 'terminate'): Promise<void> {
    const lane = this.lane(key);
    if (how === 'terminate') this.terminated.add(key);
    this.course.note(`${key}: ${how}`);
    await (how === 'cancel' ? lane.cancel() : lane.terminate('by the test')).then(
      () => this.count(how),
      () => undefined,
    );
  }

  /** Nothing fails any more, everything is sent, and what is stuck is let go by verbs. */
  async #release(): Promise<void> {
    this.course.note('everything is released');
    this.calls.isFixed = true;
    const good = { takes: 0, fails: 'never', times: 0, size: 10 } as const;
    // One more for each key: a lane that was terminated is taken over when its next event comes.
    const records = this.keys.map((_, key) => ({ key, script: good }));
    this.#write({ do: 'write', shard: 0, records, batch: 5, twice: false, kept: false });
    for (const shard of this.shards) shard.send({ batch: 5, twice: false });
    await Promise.all(this.shards.map((shard) => shard.sent()));
    await this.verbs.answered();
    await Promise.all(this.#others);
    await release(this);
    await this.#sendToEndedLanes();
    await this.verbs.answered();
  }

  /** What former readers still have on its way comes when lanes have forgotten everything, and starts them again (O6). */
  async #sendToEndedLanes(): Promise<void> {
    const late = this.shards.filter((shard) => shard.isTakenOver);
    if (late.length === 0) return;
    this.course.note('what is late comes');
    for (const shard of late) shard.sendLate();
    await Promise.all(late.map((shard) => shard.sent()));
    await release(this);
  }

  #shard(which: number): Shard {
    return this.shards[which % this.shards.length]!;
  }

  #key(which: number): string {
    return this.keys[which % this.keys.length]!;
  }
}
