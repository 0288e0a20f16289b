/**
 * The real host of a pipeline in random scenarios: whatever comes to it and whenever its run ends, each shard is read by one
 * reader at a time, after its parents and to its end.
 */
import { afterAll, expect, test, vi } from 'vitest';
import { ActivityFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import fc from 'fast-check';
import type { PipelineInput } from '../../../../contracts/pipeline/messages.ts';
import { DEFAULT_PIPELINE_OPTIONS } from '../../../../contracts/pipeline/options.ts';
import type { ReaderInput, ReaderReport, ShardProgress } from '../../../../contracts/pipeline/reading.ts';
import type { ListedShard, ShardListing } from '../../../../contracts/pipeline/shards.ts';
import { PipelineHost } from '../../../../workflows/pipeline/host.ts';
import type { PendingCall } from '../../../support/workflow-stand-in/runtime.ts';
import { newRuntime, restoreClock } from '../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));
afterAll(restoreClock);

const OPTIONS = { ...DEFAULT_PIPELINE_OPTIONS, maxReaders: 3 };
const RECORDS = 3;
const OWN = 'arn:aws:kinesis:eu-central-1:1:stream/orders';
const OTHER = 'arn:aws:kinesis:eu-west-1:1:stream/orders';

/** How a reader stops; it may have read some more by then. */
type How = 'reports' | 'dies' | 'fails';
type Step =
  | { readonly do: 'split' | 'merge'; readonly shard: number }
  | { readonly do: 'list'; readonly how: 'answers' | 'fails' | 'misses one' | 'another stream' }
  | { readonly do: 'stop'; readonly reader: number; readonly how: How; readonly records: number }
  | { readonly do: 'pause' | 'resume' | 'suggest' }
  | { readonly do: 'configure'; readonly maxReaders: number }
  | { readonly do: 'pass'; readonly ms: number };

const number = fc.integer({ min: 0, max: 9 });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('split' as const, 'merge' as const), shard: number }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('list' as const),
        how: fc.oneof(
          { weight: 4, arbitrary: fc.constant('answers' as const) },
          fc.constantFrom('fails' as const, 'misses one' as const, 'another stream' as const),
        ),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('stop' as const),
        reader: number,
        how: fc.constantFrom<How>('reports', 'reports', 'dies', 'fails'),
        records: fc.integer({ min: 0, max: RECORDS }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'suggest' as const) }),
    },
    fc.record({ do: fc.constant('configure' as const), maxReaders: fc.integer({ min: 1, max: 5 }) }),
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 2000, 60_000) }) },
  ),
  { maxLength: 80 },
);

interface Shard extends ListedShard {
  isClosed: boolean;
  /** Number of its records that were accepted, as far as a report has said; and all of them, with the end of the shard. */
  read: number;
  isRead: boolean;
}

class PipelineDriver {
  readonly #rt = newRuntime();
  #host!: PipelineHost;
  readonly #shards: Shard[] = [];
  #isPaused = false;

  constructor() {
    for (let root = 0; root < 2; root += 1) this.#add([]);
  }

  async run(all: readonly Step[]): Promise<void> {
    const startAt = { at: 'horizon' } as const;
    const stream = { arn: OWN, seenAt: new Date(this.#rt.now).toISOString() };
    await this.#begin({ version: 1, pipeline: 'orders', source: 'kinesis:orders', startAt, options: OPTIONS, stream });
    for (const step of all) {
      const before = new Set(this.#readers());
      await this.#take(step);
      await this.#goOn();
      this.#check(before);
    }
    await this.#finish();
  }

  async #begin(input: PipelineInput): Promise<void> {
    this.#host = new PipelineHost(input);
    await this.#rt.start(() => this.#host.run());
  }

  async #goOn(): Promise<void> {
    for (let runs = 0; this.#rt.continued !== undefined; runs += 1) {
      expect(runs).toBeLessThan(5);
      expect(this.#rt.activities).toEqual([]);
      const { continued, continuedMemo } = this.#rt;
      this.#rt.continued = undefined;
      Object.assign(this.#rt.info, { continueAsNewSuggested: false, memo: continuedMemo });
      await this.#begin(JSON.parse(JSON.stringify(continued)) as PipelineInput);
    }
  }

  #add(parents: readonly string[]): void {
    this.#shards.push({ shardId: `s${this.#shards.length}`, parents, isClosed: false, read: 0, isRead: false });
  }

  #readers(): PendingCall[] {
    return this.#rt.activities.filter(({ name }) => name === 'readShards');
  }

  #shardsOf(reader: PendingCall): readonly Shard[] {
    const [{ shards }] = reader.args as [ReaderInput];
    return shards.map(({ shardId }) => this.#shards.find((shard) => shard.shardId === shardId)!);
  }

  async #take(step: Step): Promise<void> {
    const rt = this.#rt;
    if (step.do === 'pass') return await rt.pass(step.ms);
    if (step.do === 'split' || step.do === 'merge') return this.#reshard(step);
    if (step.do === 'list') return await this.#list(step.how);
    if (step.do === 'stop') return await this.#stop(step);
    if (step.do === 'configure')
      return await rt.deliver(() => this.#host.configure({ options: { ...OPTIONS, maxReaders: step.maxReaders } }));
    if (step.do === 'suggest') {
      rt.info['continueAsNewSuggested'] = true;
      return await rt.deliver(() => {});
    }
    this.#isPaused = step.do === 'pause';
    await rt.deliver(() => (step.do === 'pause' ? this.#host.pause({ by: 'ann' }) : this.#host.resume()));
  }

  #reshard({ do: how, shard }: Step & { readonly do: 'split' | 'merge' }): void {
    const open = this.#shards.filter(({ isClosed }) => !isClosed);
    const count = how === 'split' ? 1 : 2;
    const parents = Array.from({ length: count }, (_, index) => open[(shard + index) % open.length]!);
    if (new Set(parents).size < count || this.#shards.length > 12) return;
    for (const parent of parents) parent.isClosed = true;
    const ids = parents.map(({ shardId }) => shardId);
    for (let child = 0; child < 3 - count; child += 1) this.#add(ids);
  }

  async #list(how: (Step & { readonly do: 'list' })['how']): Promise<void> {
    const call = this.#rt.activities.find(({ name }) => name === 'listShards');
    if (call?.isCanceled === true) return await call.cancel();
    if (how === 'fails') return await call?.reject(failure('listShards'));
    const shards = this.#shards.map(({ shardId, parents }) => ({ shardId, parents }));
    const listed = how === 'misses one' ? shards.slice(0, -1) : shards;
    const answer: ShardListing = { shards: listed, stream: { arn: how === 'another stream' ? OTHER : OWN } };
    await call?.resolve(answer);
  }

  async #stop({ reader, how, records }: Step & { readonly do: 'stop' }): Promise<void> {
    const all = this.#readers();
    const call = all[reader % Math.max(1, all.length)];
    if (call === undefined) return;
    // The failure says nothing: what was read is read again.
    if (how === 'fails') return await this.#settle(call, failure('readShards'));
    const progress = this.#shardsOf(call).map((shard): [string, ShardProgress] => {
      shard.read = Math.min(RECORDS, shard.read + records);
      shard.isRead ||= shard.isClosed && shard.read === RECORDS;
      const checkpoint = { shardId: shard.shardId, sequenceNumber: String(shard.read) };
      const counts = { read: records, taken: records, quarantined: 0 };
      return [shard.shardId, { ...(shard.read === 0 ? {} : { checkpoint }), finished: shard.isRead, ...counts }];
    });
    const report: ReaderReport = { shards: Object.fromEntries(progress) };
    if (how === 'reports') await call.resolve(report);
    else await this.#settle(call, failure('readShards', new TimeoutFailure('lost', report, 'HEARTBEAT')));
  }

  /** A reader that failed is not replaced at once. */
  async #settle(call: PendingCall, error: ActivityFailure): Promise<void> {
    await call.reject(error);
    await this.#rt.pass(10_000);
  }

  /** @param before readers that ran before the step */
  #check(before: ReadonlySet<PendingCall>): void {
    const readers = this.#readers();
    const reading = readers.flatMap((reader) => this.#shardsOf(reader));
    // pipeline.H1
    expect(new Set(reading).size).toBe(reading.length);
    for (const reader of readers.filter((each) => !before.has(each))) this.#checkStart(reader);
    const { otherStream, shards } = this.#host.view().state;
    const mayRead = !this.#isPaused && otherStream === undefined;
    // pipeline.H3
    if (!mayRead) expect(readers.filter(({ isCanceled }) => !isCanceled)).toEqual([]);
    // O4: what was accepted is known, and nothing else is taken for accepted. A run that ends applies the last reports together.
    const isEnding = this.#rt.info['continueAsNewSuggested'] === true;
    for (const { read, shardId } of this.#shards) {
      const known = Number(shards[shardId]?.checkpoint?.sequenceNumber ?? (isEnding ? 0 : read));
      if (isEnding) expect(known).toBeLessThanOrEqual(read);
      else expect(known).toBe(read);
    }
  }

  /** O2: a shard is read when all its parents have been read to their ends, from where it was read before. */
  #checkStart(reader: PendingCall): void {
    const [{ shards }] = reader.args as [ReaderInput];
    for (const { parents, read, shardId } of this.#shardsOf(reader)) {
      const unread = this.#shards.filter((shard) => parents.includes(shard.shardId) && !shard.isRead);
      expect(unread).toEqual([]);
      const start = shards.find((shard) => shard.shardId === shardId)?.start;
      expect(start).toMatchObject(read === 0 ? { at: 'horizon' } : { at: 'after' });
      if (start?.at === 'after') expect(start.position.sequenceNumber).toBe(String(read));
    }
  }

  /** All shards are closed, and read to their ends. */
  async #finish(): Promise<void> {
    await this.#take({ do: 'resume' });
    for (const shard of this.#shards) shard.isClosed = true;
    for (let round = 0; round < 100 && this.#shards.some(({ isRead }) => !isRead); round += 1) {
      await this.#take({ do: 'list', how: 'answers' });
      await this.#take({ do: 'stop', reader: round, how: 'reports', records: RECORDS });
      await this.#rt.pass(60_000);
      await this.#goOn();
    }
    expect(this.#shards.filter(({ isRead }) => !isRead)).toEqual([]);
  }
}

function failure(activity: string, cause?: Error): ActivityFailure {
  return new ActivityFailure('failed', activity, '1', RetryState.NON_RETRYABLE_FAILURE, 'i', cause);
}

test('H1 H2 H3: each shard has one reader at a time, after its parents (O2) and to its end (O4), and no loop turns without a new input', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => await new PipelineDriver().run(all)),
    { numRuns: 200 },
  );
}, 60_000);
