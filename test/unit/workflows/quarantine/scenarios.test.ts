/** The real host of a quarantine in random scenarios: each record leaves it once, whatever comes to it and whenever its run ends. */
import { afterAll, expect, test, vi } from 'vitest';
import { ActivityFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import fc from 'fast-check';
import { DEFAULT_QUARANTINE_LIMITS } from '../../../../contracts/quarantine/options.ts';
import type { RedriveInput, SegmentFinding, SegmentSearch } from '../../../../contracts/quarantine/search.ts';
import type {
  DecidedSignal,
  QuarantineInput,
  QuarantineSegmentInput,
} from '../../../../contracts/quarantine/messages.ts';
import type { QuarantineDecision } from '../../../../contracts/quarantine/decision.ts';
import type { QuarantinedRecord } from '../../../../contracts/quarantine/record.ts';
import { formatPosition } from '../../../../contracts/event/position.ts';
import { QuarantineHost } from '../../../../workflows/quarantine/host.ts';
import { readQuarantineVerb } from '../../../../workflows/quarantine/verbs/parse.ts';
import type { PendingCall } from '../../../support/workflow-stand-in/runtime.ts';
import { newRuntime, restoreClock } from '../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));
afterAll(restoreClock);

const LIMITS = { ...DEFAULT_QUARANTINE_LIMITS, segments: { events: 3, bytes: 10_000 }, batch: 2, decisionsKept: 100 };
const leaseUntil = Number.MAX_SAFE_INTEGER;

type How = 'done' | 'stopped' | 'fails';
type Step =
  | { readonly do: 'put'; readonly count: number; readonly again: number }
  | {
      readonly do: 'verb';
      readonly name: 'retry' | 'skip';
      readonly on: readonly number[] | 'all';
      readonly isUpdate: boolean;
    }
  | { readonly do: 'end'; readonly how: How }
  | { readonly do: 'pass' }
  | { readonly do: 'suggest' };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('put' as const),
        count: fc.integer({ min: 0, max: 5 }),
        again: fc.integer({ min: 0, max: 3 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('verb' as const),
        name: fc.constantFrom('retry' as const, 'skip' as const),
        on: fc.oneof(
          fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 3 }),
          fc.constant('all' as const),
        ),
        isUpdate: fc.boolean(),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        how: fc.constantFrom<How>('done', 'done', 'done', 'stopped', 'fails'),
      }),
    },
    fc.record({ do: fc.constant('pass' as const) }),
    fc.record({ do: fc.constant('suggest' as const) }),
  ),
  { maxLength: 40 },
);

class QuarantineDriver {
  readonly #rt = newRuntime();
  #host!: QuarantineHost;
  #put = 0;
  readonly #segments = new Map<string, { readonly records: readonly QuarantinedRecord[]; readonly out: Set<number> }>();
  /** By the number that each was brought with. */
  readonly #lastRedriven = new Map<number, number>();
  readonly #answers: (() => QuarantineDecision | undefined)[] = [];

  constructor() {
    this.#rt.startChild = async (_type, options) => {
      const { args } = options as unknown as { args: [QuarantineSegmentInput] };
      this.#segments.set(options.workflowId, { records: args[0].records, out: new Set() });
    };
    this.#rt.signalExternal = async (id, name, args) => {
      const segment = this.#segments.get(id);
      if (segment === undefined) throw new Error('not found');
      if (name === 'close') this.#segments.delete(id);
      else for (const index of (args[0] as DecidedSignal).indexes) segment.out.add(index);
    };
  }

  async run(all: readonly Step[]): Promise<void> {
    await this.#begin({ version: 1, pipeline: 'orders', signalsPerRun: 6, limits: LIMITS });
    for (const step of all) {
      await this.#take(step);
      await this.#goOn();
    }
    await this.#finish();
  }

  async #begin(input: QuarantineInput): Promise<void> {
    this.#host = new QuarantineHost(input);
    await this.#rt.start(() => this.#host.run());
  }

  async #goOn(): Promise<void> {
    for (let runs = 0; this.#rt.continued !== undefined; runs += 1) {
      expect(runs).toBeLessThan(5);
      expect(this.#rt.activities).toEqual([]);
      const { continued } = this.#rt;
      this.#rt.continued = undefined;
      this.#rt.info['continueAsNewSuggested'] = false;
      await this.#begin(JSON.parse(JSON.stringify(continued)) as QuarantineInput);
    }
  }

  async #take(step: Step): Promise<void> {
    const rt = this.#rt;
    if (step.do === 'pass') return await rt.pass(60_000);
    if (step.do === 'suggest') {
      rt.info['continueAsNewSuggested'] = true;
      return await rt.deliver(() => {});
    }
    if (step.do === 'put') return await this.#accept(step.count, step.again);
    if (step.do === 'verb') return await this.#verb(step.name, step.on, step.isUpdate);
    const [call] = rt.activities;
    if (call !== undefined) await this.#end(call, step.how);
  }

  async #accept(count: number, again: number): Promise<void> {
    const from = Math.max(1, this.#put + 1 - again);
    this.#put += count;
    const records = Array.from({ length: this.#put + 1 - from }, (_, index): QuarantinedRecord => {
      const position = { shardId: 'shard', sequenceNumber: String(from + index) };
      return { position, arrivedAt: 0, data: { json: 1 }, size: 1, reason: 'no key' };
    });
    await this.#rt.deliver(() => this.#host.accept({ leaseUntil, records }));
  }

  async #verb(name: 'retry' | 'skip', on: readonly number[] | 'all', isUpdate: boolean): Promise<void> {
    const verb = readQuarantineVerb(name, on === 'all' ? { all: true } : { positions: on.map((n) => `shard:${n}`) });
    if (!isUpdate) return await this.#rt.deliver(() => this.#host.signalVerb(verb));
    if (this.#host.objection(verb) !== undefined) return;
    const { result } = await this.#rt.update(() => this.#host.updateVerb(verb));
    this.#answers.push(result);
  }

  async #end(call: PendingCall, how: How): Promise<void> {
    const timeout = new TimeoutFailure('lost', undefined, 'HEARTBEAT');
    const state = call.isCanceled ? RetryState.CANCEL_REQUESTED : RetryState.NON_RETRYABLE_FAILURE;
    const [input] = call.args as [unknown];
    if (how === 'stopped' && call.isCanceled) return await call.cancel();
    if (how === 'fails' && call.name !== 'checkpoints')
      return await call.reject(new ActivityFailure('failed', call.name, '1', state, 'i', timeout));
    if (call.name === 'redriveRecords') return await this.#bring(call, input as RedriveInput);
    if (call.name === 'findRecords' || call.name === 'findKeys')
      return await call.resolve(this.#find(input as SegmentSearch, call.name === 'findKeys'));
    await call.resolve({});
  }

  async #bring(call: PendingCall, { entries, first, segment }: RedriveInput): Promise<void> {
    const { records } = this.#segments.get(segment)!;
    for (const [offset, { index }] of entries.entries()) {
      const n = Number(records[index]!.position.sequenceNumber);
      // A lane knows by its number what it has.
      expect(this.#lastRedriven.get(first + offset) ?? n).toBe(n);
      this.#lastRedriven.set(first + offset, n);
    }
    await call.resolve();
  }

  #find({ segments, from, selection, max, decided }: SegmentSearch, hasKeys: boolean): SegmentFinding {
    let undecided = 0;
    for (const [at, name] of segments.entries()) {
      const { records, out } = this.#segments.get(name)!;
      const left = [...records.entries()].filter(([index]) => !out.has(index) && !decided[at]!.includes(index));
      undecided += left.length;
      const meant = left.filter(([index, { position }]) => {
        const isMeant =
          selection.kind === 'all' ||
          (selection.kind === 'positions' && selection.positions.includes(formatPosition(position)));
        return isMeant && index >= (at === 0 ? from : 0);
      });
      if (meant.length === 0) continue;
      const taken = meant.slice(0, max);
      const found = taken.map(([index, { position, reason }]) => {
        return { index, position: formatPosition(position), reason, data: '', ...(hasKeys ? { key: 'k' } : {}) };
      });
      const isAll = taken.length === meant.length;
      return {
        through: isAll ? at + 1 : at,
        from: isAll ? 0 : taken.at(-1)![0] + 1,
        gone: [],
        undecided,
        hit: { at, undecided: left.length, records: found },
      };
    }
    return { through: segments.length, from: 0, gone: [], undecided };
  }

  /** A person leaves out all that is left. */
  async #finish(): Promise<void> {
    const settle = async () => {
      // A segment may be beginning, or being told something.
      for (let idle = 0; idle < 3; idle += 1) {
        for (const call of this.#rt.activities.slice()) {
          idle = 0;
          await this.#end(call, 'done');
        }
        await this.#rt.settle();
        await this.#goOn();
      }
    };
    await settle();
    const held = this.#held();
    const lastRedriven = [...this.#lastRedriven.values()];
    expect(new Set(lastRedriven).size).toBe(lastRedriven.length);
    expect(this.#host.count).toBe(held.length);
    expect(new Set([...held, ...lastRedriven]).size).toBe(held.length + lastRedriven.length);
    await this.#verb('skip', 'all', true);
    await settle();
    expect(this.#host.count).toBe(0);
    expect(this.#segments.size).toBe(0);
    expect(this.#host.view().pending).toEqual([]);
    expect(this.#answers.map((answer) => answer() !== undefined)).not.toContain(false);
    const decisions = this.#host.view().decisions;
    const decided = decisions.reduce((sum, each) => sum + each.decided, 0);
    if (decisions.length < LIMITS.decisionsKept) expect(decided).toBe(this.#put);
  }

  #held(): number[] {
    const { records } = this.#host.view();
    const inSegments = [...this.#segments.values()].flatMap(({ out, records: all }) =>
      all.filter((_record, index) => !out.has(index)),
    );
    return [...records, ...inSegments].map(({ position }) => Number(position.sequenceNumber));
  }
}

test('each record leaves a quarantine once, and no loop turns without a new input', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => await new QuarantineDriver().run(all)),
    { numRuns: 300 },
  );
}, 60_000);
