/**
 * The real host of a pool in random scenarios, with the lanes of keys that move out in memory: whatever comes to it and
 * whenever its run ends, each event is handled once, and those of a key in order.
 */
import { afterAll, expect, test, vi } from 'vitest';
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import fc from 'fast-check';
import type { LaneEvent } from '../../../../contracts/event/event.ts';
import type { LaneInput, RecordsSignal } from '../../../../contracts/lane/messages.ts';
import { laneWorkflowId } from '../../../../contracts/lane/id.ts';
import { encodeOutcomes } from '../../../../contracts/execution/outcome-codec.ts';
import type { Outcome } from '../../../../contracts/execution/outcome.ts';
import type { BatchInput } from '../../../../contracts/pool/batch.ts';
import { FORWARDED_MARK, type PoolInput } from '../../../../contracts/pool/messages.ts';
import { DEFAULT_POOL_OPTIONS } from '../../../../contracts/pool/options.ts';
import type { SnapshotAnswer } from '../../../../contracts/recovery/messages.ts';
import { emptyLane } from '../../../../workflows/lane/core/machine.ts';
import { PoolHost } from '../../../../workflows/pool/host.ts';
import type { PendingCall } from '../../../support/workflow-stand-in/runtime.ts';
import { newRuntime, restoreClock } from '../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));
afterAll(restoreClock);

const KEYS = 3;
const leaseUntil = Number.MAX_SAFE_INTEGER;
const FAILURE = { type: 'Bad', message: 'bad', nonRetryable: false };
const POLICY = { maxAttempts: 3, initialIntervalMs: 500, backoff: 2, maxIntervalMs: 5000 };
const OPTIONS = { ...DEFAULT_POOL_OPTIONS, signalsPerRun: 8, batch: { events: 4, bytes: 100_000 }, slowAfterMs: 1000 };

/** When the server does what the pool asks of it, and when it says so. */
const SERVER_ANSWERS = ['at once', 'does it later', 'says so later', 'never'] as const;
type ServerAnswers = (typeof SERVER_ANSWERS)[number];
/** What becomes of each key of a batch, in turns. */
type Fate = 'done' | 'half' | 'fails' | 'slow' | 'not started';
type Step =
  | { readonly do: 'accept'; readonly keys: readonly number[]; readonly again: number; readonly isLarge: boolean }
  | { readonly do: 'batch'; readonly how: 'ends' | 'reports' | 'is lost'; readonly fates: readonly Fate[] }
  | { readonly do: 'lane'; readonly key: number; readonly how: 'works' | 'finishes' | 'is terminated' }
  | { readonly do: 'pause'; readonly key: number; readonly how: 'update' | 'signal' }
  | { readonly do: 'look'; readonly key: number }
  | { readonly do: 'server'; readonly answers: ServerAnswers }
  | { readonly do: 'answer' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'suggest' };

const key = fc.integer({ min: 0, max: KEYS - 1 });
const a = <T extends string>(name: T) => fc.constant(name);
const fates = fc.array(fc.constantFrom<Fate>('done', 'half', 'fails', 'slow', 'not started'), { minLength: 1 });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: a('accept'),
        keys: fc.array(key, { minLength: 1, maxLength: 6 }),
        again: fc.integer({ min: 0, max: 3 }),
        isLarge: fc.constantFrom(false, false, false, true),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: a('batch'),
        how: fc.constantFrom('ends' as const, 'ends' as const, 'reports' as const, 'is lost' as const),
        fates,
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: a('lane'),
        key,
        how: fc.constantFrom('works' as const, 'finishes' as const, 'finishes' as const, 'is terminated' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: a('pause'), key, how: fc.constantFrom('update' as const, 'signal' as const) }),
    },
    fc.record({ do: a('look'), key }),
    { weight: 4, arbitrary: fc.record({ do: a('server'), answers: fc.constantFrom(...SERVER_ANSWERS) }) },
    { weight: 3, arbitrary: fc.record({ do: a('answer') }) },
    { weight: 3, arbitrary: fc.record({ do: a('pass'), ms: fc.constantFrom(1, 200, 1000, 60_000) }) },
    fc.record({ do: a('suggest') }),
  ),
  { maxLength: 80 },
);

/** A lane of a key that has moved out, as far as its pool can tell. */
interface Lane {
  readonly startId: unknown;
  state: 'open' | 'completed' | 'terminated';
  /** Not handled yet. */
  readonly events: LaneEvent[];
  forwarded: number;
}

const numberOf = ({ position }: LaneEvent): number => Number(position.sequenceNumber);
const nameOf = (number: number): string => `k${number}`;

class PoolDriver {
  readonly #rt = newRuntime();
  #host!: PoolHost;
  #given = 0;
  readonly #keyOf = new Map<number, string>();
  /** By key, in the order in which they were handled. */
  readonly #done = new Map<string, number[]>();
  readonly #lanes = new Map<string, Lane>();
  readonly #reported = new WeakSet<PendingCall>();
  #serverAnswers: ServerAnswers = 'at once';
  #later: (() => void)[] = [];

  constructor() {
    this.#rt.startChild = async (_type, options) =>
      await this.#server(() => this.#startLane(options as unknown as StartOptions));
    this.#rt.signalExternal = async (id, _name, [signal]) =>
      await this.#server(() => {
        const lane = this.#lanes.get(id);
        if (lane?.state !== 'open') throw ApplicationFailure.create({ message: 'not found' });
        this.#give(lane, (signal as RecordsSignal).events);
      });
  }

  async #server(request: () => void): Promise<void> {
    const answers = this.#serverAnswers;
    if (answers === 'never') throw ApplicationFailure.create({ message: 'not delivered' });
    const later = async () => await new Promise<void>((resolve) => void this.#later.push(resolve));
    if (answers === 'does it later') await later();
    request();
    if (answers === 'says so later') await later();
  }

  async #serverNow(answers: ServerAnswers): Promise<void> {
    this.#serverAnswers = answers;
    for (const resolve of this.#later.splice(0)) resolve();
    await this.#rt.settle();
  }

  async run(all: readonly Step[]): Promise<void> {
    await this.#begin({ version: 1, pipeline: 'orders', options: OPTIONS });
    for (const step of all) {
      await this.#take(step);
      await this.#goOn();
    }
    await this.#finish();
  }

  async #begin(input: PoolInput): Promise<void> {
    this.#host = new PoolHost(input);
    await this.#rt.start(() => this.#host.run());
  }

  async #goOn(): Promise<void> {
    for (let runs = 0; this.#rt.continued !== undefined; runs += 1) {
      expect(runs).toBeLessThan(5);
      expect(this.#batches()).toEqual([]);
      const { continued } = this.#rt;
      this.#rt.continued = undefined;
      this.#rt.info['continueAsNewSuggested'] = false;
      await this.#begin(JSON.parse(JSON.stringify(continued)) as PoolInput);
    }
  }

  #batches(): PendingCall[] {
    return this.#rt.activities.filter(({ name }) => name === 'runBatch');
  }

  async #take(step: Step): Promise<void> {
    const rt = this.#rt;
    if (step.do === 'pass') return await rt.pass(step.ms);
    if (step.do === 'answer') return await this.#answer();
    if (step.do === 'accept') return await this.#accept(step);
    if (step.do === 'look') return await rt.deliver(() => this.#host.look({ key: nameOf(step.key) }));
    if (step.do === 'pause') return await this.#pause(nameOf(step.key), step.how);
    if (step.do === 'lane') return await this.#lane(nameOf(step.key), step.how);
    if (step.do === 'server') return await this.#serverNow(step.answers);
    if (step.do === 'suggest') {
      rt.info['continueAsNewSuggested'] = true;
      await rt.deliver(() => {});
    } else {
      const [batch] = this.#batches();
      if (batch !== undefined) await this.#batch(batch, step);
    }
  }

  /** The last ones are sent again, as a reader does that took over. */
  async #accept({ keys, again, isLarge }: Step & { readonly do: 'accept' }): Promise<void> {
    const from = Math.max(1, this.#given + 1 - again);
    for (const each of keys) {
      this.#given += 1;
      this.#keyOf.set(this.#given, nameOf(each));
    }
    const events = Array.from({ length: this.#given + 1 - from }, (_, index) => {
      const number = from + index;
      const position = { shardId: 'shard', sequenceNumber: String(number) };
      const isLast = isLarge && number === this.#given;
      const data = isLast ? { claim: { name: 'a', sha256: 'b', preview: 'c' } } : { json: number };
      return { key: this.#keyOf.get(number)!, position, arrivedAt: 0, data, size: 12, source: 'kinesis' as const };
    });
    await this.#rt.deliver(() => this.#host.accept({ leaseUntil, events }));
  }

  async #batch(batch: PendingCall, { how, fates: all }: Step & { readonly do: 'batch' }): Promise<void> {
    const [{ keys, batch: number }] = batch.args as [BatchInput];
    // Nothing was done by then, or it was reported.
    if (how === 'is lost') return await batch.resolve({});
    if (this.#reported.has(batch))
      return await batch.resolve(encodeOutcomes(keys.map(() => outcomeOf('not started', []))));
    const outcomes = keys.map(({ events }, index) => outcomeOf(all[index % all.length]!, events));
    // A slow batch has given back all its keys with its report.
    if (how === 'reports') this.#reported.add(batch);
    for (const [index, { events, key: name }] of keys.entries())
      this.#isDone(name, events.slice(0, outcomes[index]!.succeeded));
    if (how === 'ends') return await batch.resolve(encodeOutcomes(outcomes, POLICY));
    const report = { batch: number, ...encodeOutcomes(outcomes, POLICY) };
    await this.#rt.deliver(() => this.#host.progress(report));
  }

  #isDone(name: string, events: readonly LaneEvent[]): void {
    this.#done.set(name, [...(this.#done.get(name) ?? []), ...events.map(numberOf)]);
  }

  #startLane({ workflowId, args: [input], memo }: StartOptions): void {
    const before = this.#lanes.get(workflowId);
    if (before?.state === 'open') throw new WorkflowExecutionAlreadyStartedError('', workflowId, 'lane');
    const lane: Lane = { startId: memo['startId'], state: 'open', events: [], forwarded: 0 };
    if (input.predecessor !== undefined && before !== undefined) {
      lane.events.push(...before.events);
      lane.forwarded = before.forwarded;
    }
    this.#lanes.set(workflowId, lane);
    this.#give(lane, input.carried?.queue ?? []);
  }

  #give(lane: Lane, events: readonly LaneEvent[]): void {
    const fresh = events.filter(({ forwarded }) => Number(forwarded) > lane.forwarded);
    lane.events.push(...fresh);
    lane.forwarded = Math.max(lane.forwarded, ...fresh.map(({ forwarded }) => Number(forwarded)));
  }

  async #lane(name: string, how: 'works' | 'finishes' | 'is terminated'): Promise<void> {
    const lane = this.#lanes.get(laneWorkflowId('orders', name));
    if (lane?.state !== 'open') return;
    if (how === 'is terminated') {
      lane.state = 'terminated';
      return;
    }
    this.#isDone(name, lane.events.splice(0, how === 'works' ? 1 : lane.events.length));
    if (how === 'works') return;
    await this.#rt.deliver(() => this.#host.finished({ key: name, through: lane.forwarded }));
    // Unless it was given more just then.
    if (lane.events.length === 0) lane.state = 'completed';
  }

  async #pause(name: string, how: 'update' | 'signal'): Promise<void> {
    const verb = { name: 'pause', args: { by: 'ann' } } as const;
    if (how === 'signal') return await this.#rt.deliver(() => this.#host.signalPause(name, verb));
    if (this.#host.objection(name, verb) === undefined) await this.#rt.update(() => this.#host.decideOn(name, verb));
  }

  async #answer(): Promise<void> {
    for (const question of this.#rt.activities.filter(({ name }) => name !== 'runBatch')) {
      const [about] = question.args;
      const lane = this.#lanes.get(typeof about === 'string' ? about : (about as { workflowId: string }).workflowId);
      if (question.name === 'latestRun') await question.resolve(latestRunOf(lane));
      else await question.resolve(snapshotOf(lane));
    }
  }

  /** All that is left succeeds. */
  async #finish(): Promise<void> {
    await this.#serverNow('at once');
    for (let round = 0; round < 200 && this.#handled() < this.#given; round += 1) {
      for (const batch of this.#batches()) await this.#batch(batch, { do: 'batch', how: 'ends', fates: ['done'] });
      await this.#answer();
      for (let each = 0; each < KEYS; each += 1) {
        await this.#lane(nameOf(each), 'finishes');
        // Whoever sends to a lane that was terminated asks its pool to look.
        await this.#rt.deliver(() => this.#host.look({ key: nameOf(each) }));
      }
      await this.#answer();
      await this.#rt.pass(40_000);
      await this.#goOn();
    }
    for (let each = 0; each < KEYS; each += 1) {
      const given = [...this.#keyOf].filter(([, name]) => name === nameOf(each)).map(([number]) => number);
      expect(this.#done.get(nameOf(each)) ?? []).toEqual(given);
    }
  }

  #handled(): number {
    return [...this.#done.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

interface StartOptions {
  readonly workflowId: string;
  readonly args: readonly [LaneInput];
  readonly memo: Readonly<Record<string, unknown>>;
}

function outcomeOf(fate: Fate, events: readonly LaneEvent[]): Outcome {
  if (fate === 'done') return { kind: 'succeeded', succeeded: events.length };
  if (fate === 'slow') return { kind: 'succeeded', succeeded: events.length, isSlow: true };
  if (fate === 'not started') return { kind: 'not started', succeeded: 0 };
  const succeeded = Math.floor(events.length / 2);
  return fate === 'half'
    ? { kind: 'stopped', succeeded }
    : { kind: 'failed', succeeded, failure: FAILURE, attempts: 1 };
}

function latestRunOf(lane: Lane | undefined): unknown {
  if (lane === undefined) return { state: 'unknown' };
  const { startId, state } = lane;
  if (state === 'open') return { state: 'open', startId };
  if (state === 'completed') return { state: 'completed', runId: 'run', startId };
  return { state: 'ended', run: { runId: 'run', how: 'TERMINATED', at: 0 }, startId };
}

/** What a lane that has completed says that it was given. */
function snapshotOf(lane: Lane | undefined): SnapshotAnswer {
  const mark = { shardId: FORWARDED_MARK, sequenceNumber: String(lane?.forwarded ?? 0) };
  const state = { ...emptyLane(0), marks: { [FORWARDED_MARK]: mark } };
  const snapshot = { kind: 'state', state: { lane: state, queued: 0 }, items: 0 };
  return { kind: 'snapshot', snapshot, unseen: { page: null, after: 0 } };
}

test('O1 O4 O5 each event of a pool is handled once, those of a key in order, and no loop turns without a new input', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => await new PoolDriver().run(all)),
    { numRuns: 300 },
  );
}, 60_000);
