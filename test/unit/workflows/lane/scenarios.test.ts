/** The real host of a lane in random scenarios: whatever comes to it and whenever its run ends, each event is done once and in order. */
import { afterAll, expect, test, vi } from 'vitest';
import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import fc from 'fast-check';
import { halfOf } from '../../../../workflows/lane/core/backlog.ts';
import type { SegmentInput, SegmentSlice } from '../../../../contracts/lane/backlog.ts';
import type { LaneEvent } from '../../../../contracts/event/event.ts';
import type { EventInput, EventBatchInput } from '../../../../contracts/execution/activities.ts';
import type { Outcome } from '../../../../contracts/execution/outcome.ts';
import { encodeOutcomes } from '../../../../contracts/execution/outcome-codec.ts';
import { DEFAULT_LANE_OPTIONS } from '../../../../contracts/lane/options.ts';
import type { Decision } from '../../../../contracts/lane/decision.ts';
import type { LaneInput } from '../../../../contracts/lane/messages.ts';
import { VERBS } from '../../../../contracts/names.ts';
import { FORWARDED_MARK } from '../../../../contracts/pool/messages.ts';
import type { Verb } from '../../../../workflows/lane/verbs/decide.ts';
import { LaneHost } from '../../../../workflows/lane/host.ts';
import { emptyLane } from '../../../../workflows/lane/core/machine.ts';
import type { PendingCall } from '../../../support/workflow-stand-in/runtime.ts';
import { newRuntime, restoreClock } from '../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));
afterAll(restoreClock);

const POOL = 'orders/pool/0';
const POLICY = { maxAttempts: 3, initialIntervalMs: 500, backoff: 2, maxIntervalMs: 5000 };
const FAILURE = { type: 'Bad', message: 'bad', nonRetryable: false };
const SEGMENTS = { events: 4, bytes: 16 * 1024 };
const leaseUntil = Number.MAX_SAFE_INTEGER;

/** What becomes of an activity; the number says how much of it is done. */
type End = 'done' | 'fails' | 'fails for good' | 'lost' | 'unknown';
/** When the pool of the lane can be told something. */
type Answers = 'at once' | 'later' | 'never';
type Step =
  | { readonly do: 'accept'; readonly count: number; readonly isLarge: boolean }
  | { readonly do: 'end'; readonly how: End; readonly share: number }
  | { readonly do: 'verb'; readonly name: (typeof VERBS)[number]; readonly how: 'update' | 'signal' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'drain' }
  | { readonly do: 'pool'; readonly answers: Answers }
  | { readonly do: 'suggest' };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('accept' as const),
        count: fc.integer({ min: 0, max: 6 }),
        isLarge: fc.boolean(),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        how: fc.constantFrom<End>('done', 'done', 'fails', 'fails for good', 'lost', 'unknown'),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('verb' as const),
        name: fc.constantFrom(...VERBS),
        how: fc.constantFrom('update' as const, 'signal' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 1000, 40_000, 1_000_000) }),
    },
    fc.record({ do: fc.constant('drain' as const) }),
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('pool' as const),
        answers: fc.constantFrom<Answers>('at once', 'later', 'never'),
      }),
    },
    fc.record({ do: fc.constant('suggest' as const) }),
  ),
  { maxLength: 50 },
);

class LaneDriver {
  readonly #rt = newRuntime();
  readonly #isPooled: boolean;
  #host!: LaneHost;
  #hasEnded = true;
  #poolAnswers: Answers = 'at once';
  #toldLater: (() => void)[] = [];
  /** The pool has the key. */
  #isBack = true;
  /** Numbers of events that were given to lanes, in all; and of those that this lane was forwarded. */
  #given = 0;
  #forwarded = 0;
  readonly done: number[] = [];
  readonly #segments = new Map<string, readonly LaneEvent[]>();
  readonly #answers: (() => Decision | undefined)[] = [];

  constructor(isPooled: boolean) {
    this.#isPooled = isPooled;
    this.#rt.startChild = async (_type, options) => {
      const { args } = options as unknown as { args: [SegmentInput] };
      this.#segments.set(options.workflowId, args[0].events);
    };
    this.#rt.signalExternal = async (id, name, args) => {
      if (id !== POOL) return void this.#segments.delete(id);
      if (this.#poolAnswers === 'later') await new Promise<void>((resolve) => void this.#toldLater.push(resolve));
      if (this.#poolAnswers === 'never') throw new Error('no such pool');
      if (name !== 'finished') return;
      if ((args[0] as { through: number }).through !== this.#forwarded) return;
      expect(this.#decided().length).toBe(this.#given);
      this.#isBack = true;
    };
  }

  get #options() {
    return { ...DEFAULT_LANE_OPTIONS, signalsPerRun: 6, maxBatchEvents: 3, idleMs: 60_000, segments: SEGMENTS };
  }

  async run(all: readonly Step[]): Promise<void> {
    for (const step of all) {
      await this.#take(step);
      await this.#goOn();
    }
    await this.#finish();
  }

  async #goOn(): Promise<void> {
    for (let runs = 0; this.#rt.continued !== undefined; runs += 1) {
      expect(runs).toBeLessThan(5);
      const { continued } = this.#rt;
      this.#rt.continued = undefined;
      this.#rt.info['continueAsNewSuggested'] = false;
      expect(this.#handlings()).toEqual([]);
      await this.#begin(JSON.parse(JSON.stringify(continued)) as LaneInput);
    }
    // The pool runs the key's events by now.
    if (this.#isPooled && this.#isBack) expect(this.#hasEnded).toBe(true);
  }

  async #begin(input: LaneInput): Promise<void> {
    this.#host = new LaneHost(input);
    this.#hasEnded = false;
    const host = this.#host;
    await this.#rt.start(async () => {
      await host.run();
      if (host === this.#host) this.#hasEnded = true;
    });
  }

  #handlings(): PendingCall[] {
    return this.#rt.activities.filter(
      ({ name }) => name === 'runEvents' || name === 'runEvent' || name === 'fetchData',
    );
  }

  #events(count: number, isLarge: boolean): LaneEvent[] {
    return Array.from({ length: count }, () => {
      this.#given += 1;
      const position = { shardId: 'shard', sequenceNumber: String(this.#given) };
      const number = this.#given;
      const data = isLarge ? { claim: { name: `c${number}`, sha256: 'b', preview: 'c' } } : { json: { number } };
      const event = { position, arrivedAt: 0, data, size: 12, source: 'kinesis' as const };
      if (!this.#isPooled) return event;
      this.#forwarded += 1;
      return { ...event, forwarded: String(this.#forwarded) };
    });
  }

  async #take(step: Step): Promise<void> {
    const rt = this.#rt;
    if (step.do === 'pass') return await rt.pass(step.ms);
    if (step.do === 'pool') return await this.#poolNow(step.answers);
    if (step.do === 'accept') return await this.#accept(step);
    if (this.#hasEnded) return;
    if (step.do === 'drain') return await rt.deliver(() => this.#host.drain());
    if (step.do === 'suggest') {
      rt.info['continueAsNewSuggested'] = true;
      return await rt.deliver(() => {});
    }
    if (step.do === 'verb')
      return await this.#verb({ name: step.name, args: step.name === 'replace' ? { data: 1 } : {} }, step.how);
    const [call] = rt.activities;
    if (call !== undefined) await this.#end(call, step.how, step.share);
  }

  async #accept({ count, isLarge }: Step & { readonly do: 'accept' }): Promise<void> {
    const isNew = this.#isPooled ? this.#isBack : this.#hasEnded;
    if (isNew && !this.#hasEnded) throw new Error('The lane has given its key back and goes on');
    const input = { version: 1, pipeline: 'orders', key: 'k', options: this.#options } as const;
    if (isNew && this.#isPooled) {
      this.#forwarded = 0;
      this.#isBack = false;
      const queue = this.#events(1 + count, isLarge);
      const marks = { [FORWARDED_MARK]: { shardId: FORWARDED_MARK, sequenceNumber: String(1 + count) } };
      return await this.#begin({ ...input, carried: { ...emptyLane(this.#rt.now), queue, marks }, pool: POOL });
    }
    if (isNew) await this.#begin(input);
    const events = this.#events(count, isLarge);
    await this.#rt.deliver(() => this.#host.accept({ leaseUntil, events }));
  }

  async #poolNow(answers: Answers): Promise<void> {
    this.#poolAnswers = answers;
    if (answers === 'later') return;
    const told = this.#toldLater.splice(0);
    if (told.length === 0) return;
    await this.#rt.deliver(() => {
      for (const each of told) each();
    });
    // The lane learns of it in a later task.
    await this.#rt.deliver(() => {});
  }

  async #verb(verb: Verb, how: 'update' | 'signal'): Promise<void> {
    // What a signal has left out only the lane knows.
    if (how === 'signal' && verb.name !== 'skip') return await this.#rt.deliver(() => this.#host.signalVerb(verb));
    if (this.#host.objection(verb) !== undefined) return;
    const { result } = await this.#rt.update(() => this.#host.updateVerb(verb));
    this.#answers.push(result);
  }

  #isDone(events: readonly LaneEvent[]): void {
    this.done.push(...events.map(({ position: { sequenceNumber } }) => Number(sequenceNumber)));
  }

  /** Events that were done or left out. */
  #decided(): number[] {
    const skipped = this.#answers.flatMap((answer) => {
      const decision = answer();
      const isSkipped = decision?.verb === 'skip' && decision.outcome === 'done';
      return isSkipped ? [Number(decision.position?.split(':')[1])] : [];
    });
    return [...this.done, ...skipped].toSorted((a, b) => a - b);
  }

  async #end(call: PendingCall, how: End, share: number): Promise<void> {
    const [input] = call.args as [unknown];
    const timeout = new TimeoutFailure('lost', undefined, 'HEARTBEAT');
    const failed = (cause: Error, state: RetryState) =>
      new ActivityFailure('failed', call.name, '1', state, 'i', cause);
    if (call.name === 'runEvents') return await this.#endBatch(call, input as EventBatchInput, how, share);
    if (call.name === 'runEvent') return await this.#endEvent(call, input as EventInput, how);
    if (how === 'unknown') return await call.reject(failed(timeout, RetryState.TIMEOUT));
    if (call.name === 'slice') return await call.resolve(this.#slice(input as SegmentSlice));
    if (call.name === 'pendingEvent')
      return await call.resolve(
        how === 'done' ? null : { attempt: 2, nextAttemptAt: this.#rt.now + Math.round(share * 5000) },
      );
    if (call.name === 'checkpoints')
      return await call.resolve({ shard: { position: { shardId: 'shard', sequenceNumber: String(this.#given) } } });
    await call.resolve(null);
  }

  async #endBatch(call: PendingCall, { events }: EventBatchInput, how: End, share: number): Promise<void> {
    const done = how === 'done' && !call.isCanceled ? events.length : Math.floor(share * (events.length - 1));
    this.#isDone(events.slice(0, done));
    const progress = { succeeded: done, ...(how === 'lost' ? { lostBefore: true as const } : {}) };
    const failure = { ...FAILURE, nonRetryable: how === 'fails for good' };
    const outcome: Outcome =
      how === 'fails' || how === 'fails for good'
        ? { kind: 'failed', ...progress, failure, attempts: 1 }
        : { kind: done === events.length ? 'succeeded' : 'stopped', ...progress };
    await call.resolve(encodeOutcomes([outcome], POLICY));
  }

  async #endEvent(call: PendingCall, { event, attemptsBefore }: EventInput, how: End): Promise<void> {
    if (how === 'done') {
      this.#isDone([event]);
      return await call.resolve(encodeOutcomes([{ kind: 'succeeded', succeeded: 1 }]));
    }
    if (call.isCanceled && how === 'unknown') return await call.cancel();
    const state = call.isCanceled ? RetryState.CANCEL_REQUESTED : RetryState.MAXIMUM_ATTEMPTS_REACHED;
    const failure = { ...FAILURE, nonRetryable: how === 'fails for good' };
    const outcome: Outcome =
      how === 'unknown'
        ? { kind: 'stopped', succeeded: 0, attempts: attemptsBefore }
        : { kind: 'failed', succeeded: 0, attempts: attemptsBefore + 3, failure };
    const cause =
      how === 'lost'
        ? new TimeoutFailure('lost', undefined, 'HEARTBEAT')
        : ApplicationFailure.create({ ...failure, details: [encodeOutcomes([outcome])] });
    await call.reject(new ActivityFailure('failed', 'runEvent', '1', state, 'i', cause));
  }

  #slice({ from, limits, segment }: SegmentSlice) {
    const all = this.#segments.get(segment);
    if (all === undefined) throw new Error(`No segment ${segment}`);
    expect(limits).toEqual(halfOf(SEGMENTS));
    const events = all.slice(from, from + limits.events);
    return { events, last: from + events.length === all.length };
  }

  /** A person decides on all that is left, and all succeeds. */
  async #finish(): Promise<void> {
    await this.#poolNow('at once');
    for (let round = 0; round < 400 && !this.#hasEnded; round += 1) {
      for (const call of this.#rt.activities.slice()) await this.#end(call, 'done', 1);
      await this.#goOn();
      const { state } = this.#host.view().phase;
      const name = state === 'paused' ? 'resume' : state === 'blocked' ? 'retry' : undefined;
      if (name !== undefined && !this.#hasEnded) await this.#verb({ name, args: {} }, 'update');
      await this.#rt.pass(40_000);
      await this.#goOn();
    }
    expect(this.#hasEnded).toBe(true);
    expect(this.#answers.map((answer) => answer() !== undefined)).not.toContain(false);
    expect(this.done).toEqual(this.done.toSorted((a, b) => a - b));
    expect(this.#decided()).toEqual(Array.from({ length: this.#given }, (_, index) => index + 1));
  }
}

test.each([false, true])(
  'each event of a lane is done once and in order, and no loop turns without a new input (of a pool: %s)',
  async (isPooled) => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => await new LaneDriver(isPooled).run(all)),
      { numRuns: 300 },
    );
  },
  60_000,
);
