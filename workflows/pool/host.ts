/**
 * Hosts the lanes of many keys in one workflow: takes their events in, runs those of healthy keys in batches, and gives a key
 * a lane workflow of its own while it needs one.
 *
 * Owns the pool's state, its batches in flight, and what is on its way to the lanes of keys that have moved out. It is the
 * serial point of its keys: where an event goes is decided here, in order.
 *
 * Invariants:
 * H1 A key is in one batch at the most, or in its lane, never in both (O1).
 * H2 Signals are taken in synchronously, so none is lost when the run ends (O4).
 * H3 No batch and no errand is in flight when the run ends, and what is carried is all that there is (O5).
 * H4 A key moves out when it fails, is slow, is decided on, or has an event that is too large. While most keys fail they are held
 *    in the pool, for a limited time and until they have used up their attempts (outage.ts); then they move out, a few at a time.
 * H5 Lanes of keys that have moved out begin, and are forwarded to, a few at a time while healthy keys have something to do:
 *    many poisoned keys at once hold up the healthy ones as little as one (O3).
 */
import {
  allHandlersFinished,
  condition,
  log,
  makeContinueAsNewFunc,
  patched,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { isInline, type LaneEvent } from '../../contracts/event/event.ts';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import type { Decision } from '../../contracts/lane/decision.ts';
import { keyStateOf } from '../../contracts/lane/key-state.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { BatchProgress } from '../../contracts/pool/batch.ts';
import type { FinishedSignal, LookSignal, PoolInput, PoolSignal } from '../../contracts/pool/messages.ts';
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import type { PoolKeyView, PoolView } from '../../contracts/pool/view.ts';
import type { PoolOptions } from '../../contracts/pool/options.ts';
import type { StartedAfter, EndedRun, RunSnapshot } from '../../contracts/run.ts';
import { truePredecessor, untilQuiet } from '../shared/recovery/predecessor.ts';
import { recoverRun } from '../shared/recovery/recover-run.ts';
import { runSnapshot, snapshotPage } from '../shared/recovery/snapshot.ts';
import type { Verb } from '../lane/verbs/decide.ts';
import { createRunner } from '../lane/execution/create-runner.ts';
import { emptyLane } from '../lane/core/machine.ts';
import { MarkPruner, memoryOf } from '../shared/mark-pruner.ts';
import { isFromFormerReader, placeOf, takeIn, type PersistentDedupState } from '../shared/marks.ts';
import { RunLimits } from '../shared/run-limits.ts';
import { Batch, type Released } from './batch/batch.ts';
import { RunEnd } from './run-end.ts';
import { Crowding } from './crowding.ts';
import { LaneCommands } from './moved/lane-commands.ts';
import { HealthyKeys } from './queue.ts';
import { MovedKeys } from './moved/moved-keys.ts';
import { emptyPool, POOL_RECOVERY } from './recovery.ts';
import { PoolStatusPublisher, type Held } from './publish/status-publisher.ts';
import { BatchPicker } from './batch/batch-picker.ts';
import { phaseOf } from './failing.ts';
import type { WatchState } from './outage/outage.ts';
import { OutageDetector } from './outage/detector.ts';
import { letGo, takeFailures, takeOutcomes } from './batch/outcomes.ts';
import { PoolMeter } from './publish/meter.ts';
import { failingView } from './publish/key-view.ts';
import { Turns } from '../shared/turns.ts';
import { itemsOf, snapshotOf } from './snapshot.ts';
import { objectionTo, refusalOf, Verbs } from './verbs.ts';

/** More does not fit into the input of the next run, which may have 2 MiB. */
const MAX_CARRIED_BYTES = 1_950_000;
/** About that much may be left of healthy keys when a run ends, while it can still go on. */
const MAX_REMAINING_BYTES = 1024 * 1024;
/** When more is held than a next run can be given, and this one must end. */
const KEYS_OUT_AT_ONCE = 10;
/** Failing keys move out while fewer keys than this wait for their lanes to begin: each takes its failure along. */
const MAX_LANES_STARTING = 50;
/** Marks that a run carries on without asking whether some can be forgotten. */
const MARKS_CARRIED = 64;

export class PoolHost {
  readonly #pipeline: string;
  readonly #options: PoolOptions;
  readonly #limits: RunLimits;
  #keys: HealthyKeys;
  #moved: MovedKeys;
  #laneCommands: LaneCommands;
  readonly #batches = new Map<number, Batch>();
  readonly #verbs: Verbs;
  /** With an event that does not run in a pool. */
  readonly #large = new Set<string>();
  /** The run from which this one takes over, until it has; what comes meanwhile waits. */
  #predecessor: EndedRun | undefined;
  readonly #after: StartedAfter | undefined;
  readonly #early: (() => void)[] = [];
  #lost: string | undefined;
  #memory: PersistentDedupState;
  #outages: OutageDetector;
  #picker: BatchPicker;
  readonly #meter: PoolMeter;
  #handled: number;
  #lastBatch = 0;
  /** The latest batch that was a probe. */
  #probe = 0;
  readonly #statusPublisher: PoolStatusPublisher;
  readonly #turns = new Turns();
  readonly #runEnd = new RunEnd(() => this.#turns.input());
  readonly #crowding: Crowding;
  /** What is to be carried did not fit into a next run: so few bytes of moved keys may be left before that is tried again. */
  #endsBelow: number | undefined;
  /** The run ends now: a verb that waits for its lane goes on in the next. */
  #isLeaving = false;

  constructor({ pipeline, options, carried, predecessor, after }: PoolInput) {
    this.#pipeline = pipeline;
    this.#options = options;
    this.#predecessor = predecessor;
    this.#after = after;
    this.#limits = new RunLimits(options.signalsPerRun);
    const state = carried ?? emptyPool(workflowInfo().startTime.getTime());
    this.#keys = new HealthyKeys(state.waiting, state.failures);
    this.#verbs = new Verbs(options.lane);
    this.#moved = new MovedKeys(state.moved);
    this.#memory = memoryOf(state);
    this.#meter = new PoolMeter(pipeline);
    this.#outages = this.#newOutages(state);
    this.#statusPublisher = new PoolStatusPublisher(options.full);
    this.#crowding = new Crowding(options.slowAfterMs, () => this.#turns.input());
    this.#lost = state.lost;
    this.#handled = state.handled;
    this.#picker = this.#newPicker();
    this.#laneCommands = this.#newLaneCommands();
  }

  /** Takes events over (O4). Synchronous, and it never throws for what a signal holds (H2). */
  accept(signal: PoolSignal): void {
    this.#limits.countSignal();
    this.#whenTakenOver(() => this.#accept(signal));
  }

  #whenTakenOver(then: () => void): void {
    this.#turns.input();
    if (this.#predecessor === undefined) then();
    else this.#early.push(then);
  }

  #accept({ leaseUntil, events }: PoolSignal): void {
    if (isFromFormerReader(leaseUntil, this.#options.leaseMarginMs, this.#memory.remembersSince)) return;
    const { marks, behindSince, fresh } = takeIn(this.#memory, events, placeOf);
    this.#memory = { ...this.#memory, marks, behindSince };
    for (const event of fresh) this.#place(event);
  }

  progress(progress: Pick<BatchProgress, 'batch'>): void {
    this.#limits.countSignal();
    const malformed = this.#batches.get(progress.batch)?.progress(progress);
    if (malformed !== undefined)
      log.error('Ignored a malformed `progress` signal: it releases nothing', { ...malformed });
    this.#turns.input();
  }

  /** Somebody asks whether the lane of a key still runs: one that was ended from outside is begun again (O5). */
  look({ key }: LookSignal): void {
    this.#limits.countSignal();
    this.#whenTakenOver(() => this.#moved.look(key));
  }

  finished({ key, through }: FinishedSignal): void {
    this.#limits.countSignal();
    this.#whenTakenOver(() => {
      const events = this.#moved.finished(key, through);
      if (events !== undefined) this.#takeBack(key, events);
    });
  }

  /** Why a verb cannot act on a key here; undefined when it may. */
  objection(key: string, verb: Verb): string | undefined {
    if (this.#predecessor !== undefined)
      return 'the pool takes over what it held when it was ended from outside: ask again soon';
    if (this.#moved.has(key)) return 'the key has a lane of its own, which can be asked';
    if (this.#verbs.has(key)) return 'another decision on the key has not been carried out yet: ask again';
    return objectionTo(verb, this.#laneOf(key), this.#keys.isInBatch(key));
  }

  /** A pause that came as a plain signal, to which there is no answer; an update is refused with this. */
  signalPause(key: string, verb: Verb): void {
    this.#whenTakenOver(() => {
      const why = this.objection(key, verb);
      if (why === undefined) this.#verbs.add(key, verb, this.#laneOf(key));
      else log.warn(`A pause is left out: ${why}`, { key });
    });
  }

  /**
   * Resolves with what was decided, when the lane that keeps it has begun or the verb was refused; or when the run ends and the key
   * has left the pool, which runs nothing of it any more: the next run begins its lane. So no run waits for a lane that cannot be
   * begun yet.
   */
  async decide(key: string, verb: Verb): Promise<Decision> {
    const lane = this.#laneOf(key);
    // Another one may have been accepted in the same task.
    const why = this.objection(key, verb);
    if (why !== undefined) return refusalOf(lane, verb, why, Date.now(), this.#options.lane);
    const pending = this.#verbs.add(key, verb, lane);
    this.#turns.input();
    await condition(() => pending.answer !== undefined && (this.#isLeaving || !this.#moved.isBeginning(key)));
    return pending.answer as Decision;
  }

  /** The lane with which a key would move out now. */
  #laneOf(key: string): LaneState {
    const phase = phaseOf(this.#keys.failingOf(key));
    return { ...emptyLane(Date.now()), queue: this.#keys.waitingOf(key), phase };
  }

  view(): PoolView {
    const { events, bytes } = this.#keys;
    const failing = this.#keys.failing();
    return {
      pipeline: this.#pipeline,
      waiting: events,
      bytes,
      batches: this.#batches.size,
      moved: this.#moved.count,
      handled: this.#handled,
      ...(this.#statusPublisher.fullOf === undefined ? {} : { fullOf: this.#statusPublisher.fullOf }),
      ...this.#outages.fields,
      ...(failing === undefined ? {} : { failing }),
      ...(this.#lost === undefined ? {} : { lost: this.#lost }),
      ...(this.#predecessor === undefined ? {} : { recovering: this.#predecessor }),
    };
  }

  /** For the run that recovers this one, when this one was terminated externally. */
  snapshot(): RunSnapshot<PoolState> {
    return runSnapshot(this.#predecessor, () => snapshotOf(this.#state()));
  }

  snapshotPage(from: unknown): readonly PoolEvent[] {
    return snapshotPage(itemsOf(this.#state()), from);
  }

  key(key: string): PoolKeyView {
    if (this.#moved.has(key)) return { where: 'lane', waiting: this.#moved.waitingOf(key).length };
    const failing = failingView(this.#keys, key, this.#outages.outage);
    return {
      where: 'pool',
      waiting: this.#keys.waitingOf(key).length,
      isInBatch: this.#keys.isInBatch(key),
      ...(failing === undefined ? {} : { failing }),
    };
  }

  /** Leaves by an exception when it continues as new. */
  async run(): Promise<void> {
    if (this.#predecessor !== undefined) await this.#takeOver(this.#predecessor);
    for (;;) {
      this.#outages.seen();
      this.#settle();
      if (this.#outages.takeRelease()) letGo(this.#keys, Date.now());
      this.#moveOutWhoeverMay();
      if (this.#isEnding) {
        this.#runEnd.begin();
        await this.#continueAsNew();
      }
      if (!this.#isEnding) {
        this.#runEnd.reopen();
        this.#startWork();
        this.#picker.wakeForRetries();
      }
      this.#statusPublisher.write(this.#held, this.#outages, this.#runEnd.isAnnounced);
      await condition(() => this.#hasNews());
      if (!this.#turns.begin(this.#limits.stage)) await this.#turns.pause();
    }
  }

  async #takeOver(claimed: EndedRun): Promise<void> {
    // A pool never ends by itself, so one that came before was ended externally.
    this.#predecessor = (await truePredecessor(claimed, this.#after)) ?? claimed;
    const { state, events, signals } = await recoverRun(this.#predecessor, POOL_RECOVERY);
    this.#keys = new HealthyKeys([]);
    this.#outages = this.#newOutages(state);
    this.#picker = this.#newPicker();
    this.#moved = new MovedKeys(state.moved);
    this.#laneCommands = this.#newLaneCommands();
    this.#memory = memoryOf(state);
    this.#lost = state.lost;
    this.#handled = state.handled;
    for (const event of events) this.#place(event);
    for (const one of state.waiting) this.#keys.recall(one, state.failures ?? []);
    await untilQuiet(this.#predecessor, this.#options.heartbeatTimeoutMs);
    this.#predecessor = undefined;
    for (const signal of signals) this.#accept(signal);
    for (const each of this.#early.splice(0)) each();
  }

  #newOutages(carried: WatchState): OutageDetector {
    const onInput = () => this.#turns.input();
    return new OutageDetector({ carried, maxHoldMs: this.#options.maxHoldMs, meter: this.#meter, onInput });
  }

  #newPicker(): BatchPicker {
    const onInput = () => this.#turns.input();
    return new BatchPicker({ keys: this.#keys, outages: this.#outages, pool: this.#options, onInput });
  }

  #newLaneCommands(): LaneCommands {
    const { lane } = this.#options;
    const takeBack = (key: string, events: readonly LaneEvent[]) => this.#takeBack(key, events);
    const isBusy = () => this.#keys.hasFresh && (this.#busyBatches > 0 || this.#mayStartBatch);
    const onInput = () => this.#turns.input();
    return new LaneCommands({ pipeline: this.#pipeline, lane, moved: this.#moved, isBusy, takeBack, onInput });
  }

  #hasNews(): boolean {
    for (const batch of this.#batches.values()) if (batch.hasNews) return true;
    if (this.#outages.hasNews || this.#mayLeave().length > 0 || this.#statusPublisher.hasNews(this.#moved)) return true;
    if (this.#isEnding) return (this.#isQuiet && !this.#runEnd.isWaiting) || this.#mustStop;
    return this.#laneCommands.hasNews || this.#mayStartBatch;
  }

  get #held(): Held {
    return { waiting: this.#keys, moved: this.#moved };
  }

  #place({ key, ...event }: PoolEvent): void {
    if (this.#moved.has(key)) this.#moved.add(key, event);
    else {
      this.#keys.add(key, event);
      if (!isInline(event.data)) this.#large.add(key);
    }
  }

  #takeBack(key: string, events: readonly LaneEvent[]): void {
    for (const event of events) this.#place({ ...event, key });
  }

  #startWork(): void {
    this.#laneCommands.start();
    while (this.#mayStartBatch) {
      const isProbe = this.#outages.outage !== undefined;
      const taken = this.#picker.takeBatch();
      if (taken.length === 0) return;
      this.#lastBatch += 1;
      if (isProbe) this.#probe = this.#lastBatch;
      const { heartbeatTimeoutMs, lane, slowAfterMs } = this.#options;
      const { handler, retry } = lane;
      const runner = createRunner({ pipeline: this.#pipeline, handler, retry, heartbeatTimeoutMs });
      const onEnd = () => this.#turns.input();
      const options = { runner, number: this.#lastBatch, slowAfterMs, retry, onEnd };
      this.#batches.set(this.#lastBatch, new Batch(taken, options));
    }
  }

  get #mayStartBatch(): boolean {
    return !this.#crowding.isWaiting && this.#picker.mayStartBatch(this.#busyBatches);
  }

  get #busyBatches(): number {
    let busy = 0;
    for (const batch of this.#batches.values()) if (!batch.isSlow) busy += 1;
    return busy;
  }

  /** Takes in what batches have told, or ended with. */
  #settle(): void {
    for (const [number, batch] of this.#batches) {
      const released = batch.released();
      if (batch.hasEnded) this.#batches.delete(number);
      if (released.length === 0) continue;
      this.#crowding.took(!batch.isSlow && released.every(({ outcome }) => outcome.kind === 'not started'));
      this.#release(released, number === this.#probe);
    }
  }

  #release(released: readonly Released[], isProbe: boolean): void {
    const { failed, handled, judged, slow } = takeOutcomes(this.#keys, released);
    this.#handled += handled;
    for (const key of slow) this.#moveOut(key);
    const { latest, probe, trials } = judged;
    const mode = this.#outages.judge({ trials, latest, ...(isProbe ? { probe } : {}) });
    takeFailures(this.#keys, failed, mode, Date.now());
  }

  /** Keys that shall have a lane of their own and are in no batch. */
  #mayLeave(): string[] {
    const free = [...this.#verbs.keys(), ...this.#large].filter((key) => !this.#keys.isInBatch(key));
    return [...free, ...this.#keys.leaving(MAX_LANES_STARTING - this.#moved.starting)];
  }

  #moveOutWhoeverMay(): void {
    for (const key of new Set(this.#mayLeave())) {
      // It may have moved out by itself meanwhile.
      if (this.#moved.has(key)) {
        this.#large.delete(key);
        continue;
      }
      const lane = this.#verbs.act(key, this.#laneOf(key), Date.now());
      const mustLeave = this.#large.has(key) || this.#keys.failingOf(key)?.leaves === true;
      if (lane !== undefined || mustLeave) this.#moveOut(key, lane);
    }
  }

  /**
   * What a next run cannot be given goes to where there is room for it. When there is nothing that could go, the run goes on until
   * enough keys have come back: it takes in no more records meanwhile, so its history hardly grows.
   * @param excess bytes that do not fit
   */
  async #makeRoom(excess: number): Promise<void> {
    const keys = this.#keys.longest(KEYS_OUT_AT_ONCE);
    if (keys.length === 0) this.#endsBelow = this.#moved.bytes - excess;
    for (const key of keys) this.#moveOut(key);
    if (keys.length > 0) this.#laneCommands.start();
    await condition(() => this.#isQuiet);
  }

  /**
   * A verb that waits for the key acts on the lane, whatever the key moves out for, and the lane keeps the decision (O11).
   * @param lane when its verb has acted
   */
  #moveOut(key: string, lane?: LaneState): void {
    const before = lane ?? this.#laneOf(key);
    const after = this.#verbs.act(key, before, Date.now()) ?? before;
    this.#keys.remove(key);
    this.#moved.moveOut(key, keyStateOf(after), after.queue, uuid4());
    this.#meter.movedOut();
    this.#large.delete(key);
  }

  get #isQuiet(): boolean {
    return this.#batches.size === 0 && this.#laneCommands.isQuiet;
  }

  /** The run should end, so nothing is begun any more. Slow keys may take long: the others go on as long as they can. */
  get #isEnding(): boolean {
    if (!this.#limits.isLong()) return false;
    if (this.#endsBelow !== undefined && this.#moved.bytes > this.#endsBelow) return false;
    if (this.#limits.isPressing()) return true;
    // What is carried alone may be so much that the server suggests a new run: each run does some of it (O5).
    if (this.#lastBatch === 0 && this.#keys.hasReady) return false;
    // What a next run cannot be given is done first: a lane for each key would cost a hundred times as much.
    const maxRemaining = Math.min(MAX_REMAINING_BYTES, MAX_CARRIED_BYTES - this.#moved.bytes);
    if (this.#keys.bytes > maxRemaining && this.#keys.hasReady && this.#outages.outage === undefined) return false;
    return ![...this.#batches.values()].some(({ isSlow }) => isSlow);
  }

  /** The run can wait no longer for what is in flight. */
  get #mustStop(): boolean {
    return this.#batches.size > 0 && this.#limits.isPressing();
  }

  async #continueAsNew(): Promise<void> {
    if (this.#mustStop) {
      for (const batch of this.#batches.values()) batch.stop();
      await condition(() => [...this.#batches.values()].every(({ hasEnded }) => hasEnded));
      return;
    }
    if (!this.#isQuiet || this.#runEnd.isWaiting) return;
    const { leaseMarginMs } = this.#options;
    const marks = new MarkPruner(this.#pipeline, { leaseMarginMs, maxCarried: MARKS_CARRIED });
    const forgetting = await marks.forgetOld(this.#memory);
    this.#memory = forgetting(this.#memory);
    const excess = jsonBytes(this.#state()) - MAX_CARRIED_BYTES;
    if (excess > 0) return await this.#makeRoom(excess);
    if (this.#mayLeave().length > 0) return;
    if (!allHandlersFinished() && !patched('a run does not wait for pauses')) {
      this.#laneCommands.start();
      await condition(() => this.#laneCommands.hasNews || this.#isQuiet);
      this.#turns.input();
      return;
    }
    this.#isLeaving = true;
    await condition(() => allHandlersFinished() || this.#mayLeave().length > 0);
    this.#isLeaving = allHandlersFinished();
    if (!this.#isLeaving) return;
    const input: PoolInput = {
      version: 1,
      pipeline: this.#pipeline,
      options: this.#options,
      carried: this.#state(),
    };
    const { memo = {}, typedSearchAttributes } = workflowInfo();
    await makeContinueAsNewFunc<(input: PoolInput) => Promise<void>>({
      memo: { ...memo, full: this.#statusPublisher.holdsEnough(this.#held) },
      typedSearchAttributes,
    })(input);
  }

  #state(): PoolState {
    return {
      ...this.#keys.toCarried(),
      moved: this.#moved.toMoved(),
      ...this.#memory,
      ...this.#outages.toCarried(),
      ...(this.#lost === undefined ? {} : { lost: this.#lost }),
      handled: this.#handled,
    };
  }
}
