/** Random lanes that are terminated, and runs that are terminated while they recover them: the last run has all events, in order. */
import { afterAll, expect, test, vi } from 'vitest';
import fc from 'fast-check';
import type { LaneEvent } from '../../../../contracts/event/event.ts';
import type { RecordsSignal } from '../../../../contracts/lane/messages.ts';
import type { LanePhase } from '../../../../contracts/lane/phase.ts';
import type { LaneState } from '../../../../contracts/lane/state.ts';
import type { HistoryPlace, RunName } from '../../../../contracts/run.ts';
import {
  append,
  latestSegment,
  movedToSegment,
  nextSegments,
  withTail,
} from '../../../../workflows/lane/core/backlog.ts';
import { recoveredState } from '../../../../workflows/lane/core/loss.ts';
import { accept, emptyLane } from '../../../../workflows/lane/core/machine.ts';
import { laneRecovery } from '../../../../workflows/lane/recovery.ts';
import { itemsOf, snapshotOf } from '../../../../workflows/lane/snapshot.ts';
import { recoverRun } from '../../../../workflows/shared/recovery/recover-run.ts';
import { runSnapshot, snapshotPage } from '../../../../workflows/shared/recovery/snapshot.ts';
import { FAILING, laneEvent, OPTIONS, recordsSignal, SHARD } from '../../../support/lane-events.ts';
import { newRuntime, restoreClock } from '../../../support/workflow-stand-in/workflow.ts';

vi.mock('@temporalio/workflow', () => import('../../../support/workflow-stand-in/workflow.ts'));
afterAll(restoreClock);

const LIMITS = { events: 6, bytes: 100_000 };
const SIGNALS_PER_PAGE = 2;
/** Five of them in the queue are more than an answer with the state may have. */
const LARGE = '#'.repeat(300_000);
const runOf = (number: number) => ({ runId: `r${number}`, how: 'TERMINATED', at: 1_700_000_000_000 });

interface Scenario {
  readonly count: number;
  readonly isLarge: boolean;
  readonly phase: 'idle' | 'running' | 'blocked' | 'paused';
  /** How many events were sent to each run that no workflow task has processed, by signal. The first one is the lane. */
  readonly runs: readonly (readonly number[])[];
  /** What cannot be read: the page of items with this number. */
  readonly gonePage: number | undefined;
  readonly spills: boolean;
}

const scenarios: fc.Arbitrary<Scenario> = fc
  .constantFrom(true, false, false, false, false, false, false, false)
  .chain((isLarge) =>
    fc.record({
      count: fc.integer({ min: 0, max: isLarge ? 9 : 60 }),
      isLarge: fc.constant(isLarge),
      phase: fc.constantFrom('idle', 'running', 'blocked', 'paused'),
      runs: fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }), { minLength: 1, maxLength: 4 }),
      gonePage: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 3 }),
      spills: fc.boolean(),
    }),
  );

class TerminatedLane {
  readonly #runtime = newRuntime();
  readonly #scenario: Scenario;
  readonly #lane: LaneState;
  readonly #signals: readonly (readonly RecordsSignal[])[];
  readonly #segments = new Map<number, readonly LaneEvent[]>();
  readonly #held: ReturnType<typeof snapshotOf>;
  readonly #items: readonly LaneEvent[];
  #pages = 0;
  /** Items that were read. */
  #read = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const pad = scenario.isLarge ? LARGE : '';
    let position = 0;
    const events = (count: number) =>
      Array.from({ length: count }, () => laneEvent((position += 1), SHARD, { n: position, pad }));
    const lane = accept(emptyLane(0), recordsSignal(events(scenario.count)), OPTIONS);
    this.#lane = { ...lane, phase: phaseOf(scenario, lane) };
    this.#held = snapshotOf(this.#lane, LIMITS);
    this.#items = itemsOf(this.#lane, LIMITS);
    // The first event of a signal may have been sent before.
    const again = (): LaneEvent[] => (position === 0 ? [] : [laneEvent(position, SHARD, { n: position, pad })]);
    this.#signals = scenario.runs.map((counts) => counts.map((count) => recordsSignal([...again(), ...events(count)])));
  }

  async check(): Promise<void> {
    const recovered = await this.#recover();
    const { count, gonePage, runs } = this.#scenario;
    const isLost = gonePage !== undefined && this.#pages > gonePage;
    const expected = isLost ? this.#withoutUnread() : recoveredState(this.#lane);
    const whole = this.#signals.flat().reduce((lane, signal) => accept(lane, signal, OPTIONS), expected);
    expect(this.#eventsOf(recovered)).toEqual(this.#eventsOf(whole));
    expect(recovered.marks).toEqual(whole.marks);
    expect(recovered.phase).toEqual(whole.phase);
    expect(recovered.lost?.includes(runOf(0).runId) ?? false).toBe(isLost);
    if (!isLost) expect(this.#eventsOf(recovered)).toHaveLength(count + runs.flat().reduce((sum, n) => sum + n, 0));
  }

  async #recover(): Promise<LaneState> {
    const recovery = laneRecovery(OPTIONS, async (lane) => (this.#scenario.spills ? this.#spill(lane) : lane));
    let recovered: LaneState | undefined;
    await this.#runtime.start(async () => {
      recovered = (await recoverRun(runOf(this.#scenario.runs.length - 1), recovery)).lane;
    });
    for (let [call] = this.#runtime.activities; call !== undefined; [call] = this.#runtime.activities) {
      const [{ runId }, from] = call.args as [RunName, unknown];
      const answer = this.#answer(call.name, Number(runId.slice(1)), from);
      await call.resolve(JSON.parse(JSON.stringify(answer)) as unknown);
    }
    return recovered as LaneState;
  }

  #answer(name: string, run: number, from: unknown): unknown {
    if (name === 'unseenSignals') return this.#signalsOf(run, from as HistoryPlace);
    if (name === 'snapshotPage') return this.#page(from as number);
    const unseen = { page: null, after: 0 };
    const predecessor = run === 0 ? undefined : runOf(run - 1);
    // Every other run was terminated before its first workflow task.
    if (predecessor !== undefined && run % 2 === 0) return { kind: 'input', carried: null, predecessor, unseen };
    return { kind: 'snapshot', snapshot: runSnapshot(predecessor, () => this.#held), unseen };
  }

  #page(from: number): unknown {
    this.#pages += 1;
    if (this.#pages === (this.#scenario.gonePage ?? -1) + 1) return { kind: 'gone' };
    const items = snapshotPage(this.#items, from);
    this.#read += items.length;
    return { kind: 'page', items };
  }

  #signalsOf(run: number, { after }: HistoryPlace): unknown {
    const all = this.#signals[run] ?? [];
    const to = after + SIGNALS_PER_PAGE;
    return {
      kind: 'signals',
      signals: all.slice(after, to),
      next: to < all.length ? { page: null, after: to } : null,
    };
  }

  #spill(lane: LaneState): LaneState {
    let short = withTail(lane, LIMITS);
    for (const events of nextSegments(short, LIMITS)) {
      const { epoch, number } = latestSegment(short) ?? { epoch: 'e', number: this.#segments.size };
      this.#segments.set(number + 1, events);
      short = movedToSegment(short, events.length, { epoch, number: number + 1 });
    }
    return short;
  }

  /** The lane when nothing but the items that were read has come. */
  #withoutUnread(): LaneState {
    const { state } = this.#held;
    const { queued } = state;
    const read = this.#items.slice(0, this.#read);
    const queue = [...state.lane.queue, ...read.slice(0, queued)];
    const isHeadGone = queued > 0 && queue.length === 0;
    const lane = recoveredState({ ...state.lane, queue, ...(isHeadGone ? { phase: { state: 'idle' } } : {}) });
    return { ...lane, ...append(lane, read.slice(queued)) };
  }

  /** Wherever they are. */
  #eventsOf({ queue, backlog }: LaneState): readonly string[] {
    const segments = (backlog?.segments ?? []).flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, index) => this.#segments.get(first + index) ?? []),
    );
    return [...queue, ...segments.flat(), ...(backlog?.tail ?? [])].map(({ position }) => position.sequenceNumber);
  }
}

function phaseOf({ count, isLarge, phase }: Scenario, { queue }: LaneState): LanePhase {
  if (phase === 'paused') return { state: 'paused', since: 1, by: 'ann' };
  if (queue.length === 0 || phase === 'idle') return { state: 'idle' };
  if (phase === 'blocked') return { state: 'blocked', ...FAILING };
  return { state: 'running', count: isLarge ? Math.min(count, 6) : 1 };
}

test('O1 O4 O5 O6: a lane is recovered as it was, with all that was sent to it, however many runs were terminated meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => await new TerminatedLane(scenario).check()),
    { numRuns: 100 },
  );
}, 60_000);
