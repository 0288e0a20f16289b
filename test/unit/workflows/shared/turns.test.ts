/** The loops of the real hosts, with each input delivered by the test. The runtime fails a test in which one turns without an input. */
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ActivityFailure, TimeoutFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import fc from 'fast-check';
import { DEFAULT_LANE_OPTIONS } from '../../../../contracts/lane/options.ts';
import { DEFAULT_POOL_OPTIONS } from '../../../../contracts/pool/options.ts';
import { FORWARDED_MARK, type PoolInput } from '../../../../contracts/pool/messages.ts';
import { encodeOutcomes } from '../../../../contracts/execution/outcome-codec.ts';
import type { Outcome } from '../../../../contracts/execution/outcome.ts';
import type { BatchInput } from '../../../../contracts/pool/batch.ts';
import type { MovedKey } from '../../../../contracts/pool/state.ts';
import type { LaneEvent } from '../../../../contracts/event/event.ts';
import type { Verb } from '../../../../workflows/lane/verbs/decide.ts';
import { LaneHost } from '../../../../workflows/lane/host.ts';
import { parseProgress } from '../../../../contracts/pool/parse.ts';
import { emptyLane } from '../../../../workflows/lane/core/machine.ts';
import { PoolHost } from '../../../../workflows/pool/host.ts';
import { TURNED_WITHOUT_INPUT } from '../../../../workflows/shared/turned.ts';
import { Turns } from '../../../../workflows/shared/turns.ts';
import type { Runtime } from '../../../support/workflow-stand-in/runtime.ts';
import { newRuntime, restoreClock } from '../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));

let runtime: Runtime;
beforeEach(() => {
  runtime = newRuntime();
});
afterAll(restoreClock);

function eventOf(number: number): LaneEvent {
  const position = { shardId: 'shard', sequenceNumber: String(number) };
  return { position, arrivedAt: 0, data: { json: { number } }, size: 12, source: 'kinesis' };
}

const forwarded = (number: number): LaneEvent => ({ ...eventOf(number), forwarded: String(number) });
const leaseUntil = Number.MAX_SAFE_INTEGER;
const NOT_RETRYABLE = {
  failure: { type: 'Bad', message: 'bad', nonRetryable: true },
  policy: { maxAttempts: 1, initialIntervalMs: 1, backoff: 1, maxIntervalMs: 1 },
};

const FAILED = { kind: 'failed', failure: NOT_RETRYABLE.failure, attempts: 1 };

describe('a lane that a pool has begun', () => {
  test('waits, when its timer for going back fires while it is blocked (fault B2)', async () => {
    const signal = async (): Promise<void> => await Promise.reject(new Error('external workflow not found'));
    runtime.signalExternal = signal;
    const marks = { [FORWARDED_MARK]: { shardId: FORWARDED_MARK, sequenceNumber: '1' } };
    const carried = { ...emptyLane(runtime.now), queue: [forwarded(1)], marks };
    const input = { version: 1, pipeline: 'orders', key: 'k', options: DEFAULT_LANE_OPTIONS, carried } as const;
    const host = new LaneHost({ ...input, pool: 'orders/pool/0' });
    await runtime.start(() => host.run());
    await runtime.activity('runEvents').resolve({ succeeded: [1] });
    await runtime.pass(10_000);
    await runtime.deliver(() => host.accept({ leaseUntil, events: [forwarded(2)] }));
    await runtime.activity('runEvents').resolve({ succeeded: [0], more: { 0: FAILED }, retry: NOT_RETRYABLE.policy });
    expect(host.view().phase.state).toBe('blocked');
    await runtime.pass(24 * 3_600_000);
    expect(host.view().phase.state).toBe('blocked');
    const skip = { name: 'skip', args: {} } as const;
    const told: unknown[] = [];
    runtime.signalExternal = async (...args) => void told.push(args);
    await runtime.update(() => host.updateVerb(skip));
    await runtime.pass(60_000);
    expect(told).toEqual([['orders/pool/0', 'finished', [{ key: 'k', through: 2 }]]]);
  });
});

test('a host takes a turn for an input or for a bound that its run has passed, and for nothing else', () => {
  const turns = new Turns();
  expect(turns.begin('short')).toBe(false);
  turns.input();
  expect(turns.begin('short')).toBe(true);
  expect(turns.begin('short')).toBe(false);
  expect(turns.begin('long')).toBe(true);
  expect(turns.begin('long')).toBe(false);
});

test('a lane whose history has grown long by updates that were refused continues as new at once', async () => {
  const failed = { phase: { state: 'blocked', ...NOT_RETRYABLE, since: 0, attempts: 1, roundFrom: 0 } } as const;
  const carried = { ...emptyLane(runtime.now), queue: [eventOf(1)], ...failed };
  const host = new LaneHost({ version: 1, pipeline: 'orders', key: 'k', options: DEFAULT_LANE_OPTIONS, carried });
  await runtime.start(() => host.run());
  runtime.info['continueAsNewSuggested'] = true;
  // The task of an update that is rejected brings nothing to the host.
  await runtime.deliver(() => {});
  expect(runtime.continued).toMatchObject({ key: 'k', carried: { queue: [eventOf(1)] } });
  expect(runtime.logs.map(({ message }) => message)).not.toContain(TURNED_WITHOUT_INPUT);
});

/** Lanes say that they have finished, a hundred at a time. */
async function whileKeysReturn(host: PoolHost, keyOf: (index: number) => string, until: () => boolean) {
  for (let index = 0; index < 40_000 && !until(); index += 100) {
    const keys = Array.from({ length: 100 }, (_, offset) => keyOf(index + offset));
    await runtime.deliver(() => {
      for (const key of keys) host.finished({ key, through: 1 });
    });
    await runtime.pass(200);
  }
  return runtime;
}

describe('a pool', () => {
  test('ends its run while a pause waits for a lane that cannot be begun yet (fault B3)', async () => {
    runtime.startChild = async () =>
      await Promise.reject(new WorkflowExecutionAlreadyStartedError('', 'orders:k', 'lane'));
    const options = { ...DEFAULT_POOL_OPTIONS, signalsPerRun: 3 };
    const host = new PoolHost({ version: 1, pipeline: 'orders', options });
    await runtime.start(() => host.run());
    for (const number of [1, 2, 3]) {
      const events = [{ key: 'k', ...eventOf(number) }];
      await runtime.deliver(() => host.accept({ leaseUntil, events }));
    }
    await runtime.update(() => host.decideOn('k', { name: 'pause', args: { by: 'ann' } }));
    await runtime.activity('runBatch').resolve({ succeeded: [1] });
    for (let second = 0; second < 300 && runtime.continued === undefined; second += 1) {
      await runtime.pass(1000);
      for (const call of runtime.activities.slice()) await call.resolve({ state: 'open', startId: 'the one before' });
    }
    expect(runtime.continued).toMatchObject({
      carried: { moved: { k: { start: { state: { phase: { state: 'paused' } } } } } },
    });
  });

  test('takes nothing more in, says so and goes on, when its moved keys are more than a next run can be given (fault B4)', async () => {
    const keyOf = (index: number) => `customer-${String(index).padStart(27, '0')}`;
    const moved = Object.fromEntries(
      Array.from({ length: 40_000 }, (_, index): [string, MovedKey] => [keyOf(index), { sent: 1 }]),
    );
    const carried = { waiting: [], moved, marks: {}, behindSince: {}, remembersSince: 0, handled: 0 };
    const options = { ...DEFAULT_POOL_OPTIONS, signalsPerRun: 1 };
    const host = new PoolHost({ version: 1, pipeline: 'orders', options, carried });
    await runtime.start(() => host.run());
    await runtime.deliver(() => host.accept({ leaseUntil, events: [{ key: 'healthy', ...eventOf(1) }] }));
    await runtime.activity('runBatch').resolve({ succeeded: [1] });
    await runtime.pass(24 * 3_600_000);
    expect(runtime.memo).toMatchObject({ full: true, fullOf: 'moved keys' });
    expect(host.view()).toMatchObject({ waiting: 0, handled: 1, moved: 40_000, fullOf: 'moved keys' });
    expect(runtime.logs.filter(({ level }) => level !== 'info')).toHaveLength(1);
    // It goes on, continues as new when that fits, and takes in records again when there is room.
    await runtime.deliver(() => host.accept({ leaseUntil, events: [{ key: 'healthy', ...eventOf(2) }] }));
    await runtime.activity('runBatch').resolve({ succeeded: [1] });
    const { continued, memo } = await whileKeysReturn(host, keyOf, () => runtime.continued !== undefined);
    expect(continued).toMatchObject({ carried: { handled: 2 } });
    expect(memo).toMatchObject({ full: true, fullOf: 'moved keys' });
    runtime = newRuntime();
    runtime.info['memo'] = memo;
    const next = new PoolHost({ ...(continued as PoolInput), options: { ...options, signalsPerRun: Infinity } });
    await runtime.start(() => next.run());
    await whileKeysReturn(next, keyOf, () => runtime.memo['full'] === false);
    expect(runtime.memo).toMatchObject({ full: false, fullOf: null });
  }, 60_000);
});

/** Four batches of two keys each are in flight. */
async function withBatches(): Promise<PoolHost> {
  const options = { ...DEFAULT_POOL_OPTIONS, batch: { events: 2, bytes: 100_000 }, slowAfterMs: 2000 };
  const host = new PoolHost({ version: 1, pipeline: 'orders', options });
  await runtime.start(() => host.run());
  const events = Array.from({ length: 8 }, (_, index) => ({ key: `k${index}`, ...eventOf(index + 1) }));
  await runtime.deliver(() => host.accept({ leaseUntil, events }));
  expect(runtime.activities.map(({ name }) => name)).toEqual(Array.from({ length: 4 }, () => 'runBatch'));
  return host;
}

describe('a report of a batch', () => {
  test('that is malformed releases no key, and is logged (fault B7)', async () => {
    const host = await withBatches();
    const malformed = [
      { batch: 1 },
      { batch: 1, more: { 0: { kind: 'running' }, 1: { kind: 'succeeded' } } },
      { batch: 1, succeeded: [1, 1], more: { 7: { kind: 'running' } } },
      { batch: 1, succeeded: [1] },
      { batch: 1, succeeded: [2, 2] },
      { batch: 1, succeeded: [1, 0] },
      { batch: 1, succeeded: [1, 0], more: { 1: { kind: 'succeeded' } } },
    ];
    for (const progress of malformed) await runtime.deliver(() => host.progress(progress));
    expect(host.view()).toMatchObject({ handled: 0, batches: 4, waiting: 8 });
    expect(runtime.activities).toHaveLength(4);
    expect(runtime.logs.filter(({ level }) => level === 'error')).toHaveLength(malformed.length);
  });

  test('O1 leaves the keys in the batch that it names as running, and releases the others', async () => {
    const host = await withBatches();
    const progress = { batch: 1, succeeded: [1, 0], more: { 1: { kind: 'running' } } };
    await runtime.deliver(() => host.progress(progress));
    expect(host.view()).toMatchObject({ handled: 1, batches: 4, waiting: 7 });
    expect(host.key('k1')).toMatchObject({ isInBatch: true });
    expect(runtime.activities).toHaveLength(4);
  });

  test('releases a key only with what it says of it, whatever it says (fault B7)', async () => {
    const count = fc.constantFrom<unknown[]>(0, 1, 2, -1, 0.5, '1', null, undefined);
    const kind = fc.constantFrom('succeeded', 'failed', 'stopped', 'not started', 'not owner', 'running', undefined);
    const outcome = fc.record({ kind, isSlow: fc.anything(), attempts: count }, { requiredKeys: [] });
    const report = fc.record({
      succeeded: fc.oneof(
        fc.array(count, { maxLength: 3 }),
        fc.constantFrom<unknown[]>(undefined, null, {}, [0, 0], [0, 1], [1, 0], [1, 1]),
      ),
      more: fc.oneof(fc.constant({}), fc.dictionary(fc.constantFrom('0', '1', '2', 'kind'), outcome)),
    });
    let released = 0;
    await fc.assert(
      fc
        .asyncProperty(report, async ({ more, succeeded }) => {
          const progress: unknown = { batch: 1, succeeded, more };
          const parsed = parseProgress(progress);
          if ('problem' in parsed) return;
          const host = await withBatches();
          await runtime.deliver(() => host.progress(parsed.value));
          const { handled } = host.view();
          // It has to say of each key how many of its events, of which there is one, succeeded.
          const counts = Array.isArray(succeeded) ? (succeeded as unknown[]) : [];
          const isWhole = counts.length === 2 && counts.every((each) => each === 0 || each === 1);
          const isRunning = (key: number) => (more as Record<number, { kind?: unknown }>)[key]?.kind === 'running';
          const gone = isWhole ? [0, 1].filter((key) => !isRunning(key) && counts[key] === 1) : [];
          expect(handled).toBeLessThanOrEqual(gone.length);
          released += handled;
        })
        .beforeEach(() => (runtime = newRuntime())),
      { numRuns: 500 },
    );
    // Some of the reports are such as a batch sends.
    expect(released).toBeGreaterThan(0);
  });

  test('that comes as its result and names no key leaves all its keys to be run again (fault B7)', async () => {
    const host = await withBatches();
    for (const batch of runtime.activities.slice()) await batch.resolve({});
    expect(host.view()).toMatchObject({ handled: 0, waiting: 8 });
    const again = runtime.activities.flatMap(({ args }) => (args as [BatchInput])[0].keys);
    expect(again[0]).toMatchObject({ losses: 1 });
  });
});

describe('batches that processes without room give back', () => {
  const back = { succeeded: [0, 0], more: { 0: { kind: 'not started' }, 1: { kind: 'not started' } } };
  const giveBack = async () => {
    for (const batch of runtime.activities.slice()) await batch.resolve(back);
  };

  test('are handed out again, and another process does them (fault B5)', async () => {
    const host = await withBatches();
    await runtime.activity('runBatch').resolve(back);
    expect(runtime.activities).toHaveLength(4);
    for (let round = 0; round < 2; round += 1)
      for (const batch of runtime.activities.slice()) await batch.resolve({ succeeded: [1, 1] });
    expect(host.view()).toMatchObject({ handled: 8, waiting: 0 });
  });

  test('are handed out less and less often while no process has room, and go on when one has (fault B5)', async () => {
    const host = await withBatches();
    const asked: number[] = [];
    for (let minute = 0; minute < 5; minute += 1) {
      let batches = 0;
      for (let second = 0; second < 60; second += 1) {
        batches += runtime.activities.length;
        await giveBack();
        await runtime.pass(1000);
      }
      asked.push(batches);
    }
    expect(asked[0]).toBeLessThan(60);
    // Every half minute, up to four batches.
    expect(asked.at(-1)).toBeLessThanOrEqual(3 * 4);
    await runtime.pass(30_000);
    for (let round = 0; round < 4; round += 1)
      for (const batch of runtime.activities.slice()) {
        const [{ keys }] = batch.args as [BatchInput];
        await batch.resolve({ succeeded: keys.map(() => 1) });
      }
    expect(host.view()).toMatchObject({ handled: 8, waiting: 0 });
  });
});

/** What may happen to a pool next. */
type Step =
  | { readonly do: 'accept'; readonly key: number; readonly isLarge: boolean }
  | { readonly do: 'finish'; readonly fails: readonly boolean[]; readonly isLost: boolean }
  | { readonly do: 'pause'; readonly key: number }
  | { readonly do: 'return'; readonly key: number }
  | { readonly do: 'answer' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'lanes'; readonly canBegin: boolean };

const key = fc.integer({ min: 0, max: 8 });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('accept' as const), key, isLarge: fc.constant(false) }) },
    fc.record({ do: fc.constant('accept' as const), key, isLarge: fc.boolean() }),
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('finish' as const), fails: fc.array(fc.boolean()), isLost: fc.boolean() }),
    },
    fc.record({ do: fc.constant('pause' as const), key }),
    fc.record({ do: fc.constant('return' as const), key }),
    fc.record({ do: fc.constant('answer' as const) }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 200, 1000, 60_000) }),
    fc.record({ do: fc.constant('lanes' as const), canBegin: fc.boolean() }),
  ),
  { maxLength: 60 },
);

class PoolDriver {
  readonly #runtime = newRuntime();
  readonly #options = { ...DEFAULT_POOL_OPTIONS, signalsPerRun: 6, full: { events: 10, bytes: 100_000 } };
  #host: PoolHost;
  #position = 0;
  #canBegin = true;

  constructor() {
    this.#runtime.startChild = async (_type, { workflowId }) => {
      if (!this.#canBegin) throw new WorkflowExecutionAlreadyStartedError('', workflowId, 'lane');
    };
    this.#host = new PoolHost({ version: 1, pipeline: 'orders', options: this.#options });
  }

  async run(all: readonly Step[]): Promise<void> {
    await this.#runtime.start(() => this.#host.run());
    for (const step of all) {
      await this.#take(step);
      const { continued } = this.#runtime;
      if (continued === undefined) continue;
      this.#runtime.continued = undefined;
      this.#host = new PoolHost(JSON.parse(JSON.stringify(continued)) as PoolInput);
      await this.#runtime.start(() => this.#host.run());
    }
    await this.#runtime.pass(600_000);
  }

  async #take(step: Step): Promise<void> {
    const rt = this.#runtime;
    if (step.do === 'lanes') this.#canBegin = step.canBegin;
    else if (step.do === 'pass') await rt.pass(step.ms);
    else if (step.do === 'accept') {
      this.#position += 1;
      const event = eventOf(this.#position);
      const data = step.isLarge ? { claim: { name: 'a', sha256: 'b', preview: 'c' } } : event.data;
      const events = [{ key: `k${step.key}`, ...event, data }];
      await rt.deliver(() => this.#host.accept({ leaseUntil, events }));
    } else if (step.do === 'pause') await this.#pause(`k${step.key}`);
    else if (step.do === 'return') {
      const snapshot = this.#host.snapshot();
      const moved = snapshot.kind === 'state' ? snapshot.state.moved[`k${step.key}`] : undefined;
      await rt.deliver(() => this.#host.finished({ key: `k${step.key}`, through: moved?.sent ?? 0 }));
    } else if (step.do === 'answer') {
      const questions = rt.activities.filter(({ name }) => name !== 'runBatch');
      for (const question of questions) await question.resolve({ state: 'open', startId: 'another one' });
    } else await this.#finish(step);
  }

  async #pause(paused: string): Promise<void> {
    const verb: Verb = { name: 'pause', args: { by: 'ann' } };
    if (this.#host.objection(paused, verb) === undefined) {
      await this.#runtime.update(() => this.#host.decideOn(paused, verb));
    }
  }

  async #finish({ fails, isLost }: Step & { readonly do: 'finish' }): Promise<void> {
    const batch = this.#runtime.activities.find(({ name }) => name === 'runBatch');
    if (batch === undefined) return;
    const timedOut = () => new TimeoutFailure('lost', undefined, 'HEARTBEAT');
    if (isLost)
      return await batch.reject(
        new ActivityFailure('lost', 'runBatch', '1', 'MAXIMUM_ATTEMPTS_REACHED', 'i', timedOut()),
      );
    const [{ keys }] = batch.args as [BatchInput];
    const failure = { type: 'Bad', message: 'bad', nonRetryable: false };
    const policy = { maxAttempts: 5, initialIntervalMs: 500, backoff: 2, maxIntervalMs: 5000 };
    const outcomes = keys.map(({ events }, index): Outcome =>
      fails[index]
        ? { kind: 'failed', succeeded: 0, failure, attempts: 1 }
        : { kind: 'succeeded', succeeded: events.length },
    );
    await batch.resolve(encodeOutcomes(outcomes, policy));
  }
}

test('no loop of a pool turns without a new input, whatever comes to it and whenever its run ends (faults B2 to B4)', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => await new PoolDriver().run(all)),
    { numRuns: 100 },
  );
}, 60_000);
