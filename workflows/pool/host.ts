/**
 * Hosts the lanes of many keys in one workflow: accepts their events, runs those of healthy keys in batches, and gives a key
 * a lane workflow of its own while it needs one. It is the serial point of its keys: where an event goes is decided here, in
 * order.
 *
 * Owns the pool's state. Batches in flight and commands for lanes say what has come of them, and the host applies that at a
 * turn of its loop.
 *
 * Invariants:
 * pool.H1 A key is in one batch at most, or in its lane, never in both (O1).
 * pool.H2 Signals are accepted synchronously, so none is lost when the run ends (O4).
 * pool.H3 No batch and no command is in flight when the run ends, and what is carried is all that there is (O5).
 * pool.H4 A key moves out when it fails, is slow, is decided on, or has an event that is too large. While most keys fail they
 *    are held in the pool, for a limited time and until they have used up their attempts (outage.ts); then they move out, a
 *    few at a time.
 * pool.H5 Lanes of keys that have moved out are started, and forwarded to, a few at a time while healthy keys have something
 *    to do: many poisoned keys at once hold up the healthy ones as little as one (O3).
 */
import { allHandlersFinished, condition, log, uuid4, workflowInfo } from '@temporalio/workflow';
import { jsonBytes } from '../../lib/pure/json-bytes.ts';
import type { Decision } from '../../contracts/lane/decision.ts';
import { VERSION } from '../../contracts/version.ts';
import type { BatchProgress } from '../../contracts/pool/batch.ts';
import type { FinishedSignal, LookSignal, PoolInput, PoolSignal } from '../../contracts/pool/messages.ts';
import type { PoolEvent, PoolState } from '../../contracts/pool/state.ts';
import type { PoolKeyView, PoolView } from '../../contracts/pool/view.ts';
import { rejection, type Rejection } from '../../contracts/rejection.ts';
import type { RunSnapshot } from '../../contracts/run.ts';
import type { Verb } from '../lane/verbs/decide.ts';
import { admit } from '../shared/admission.ts';
import { continueAsNew } from '../shared/continue-as-new.ts';
import { runHost, type Host } from '../shared/host-loop.ts';
import { Inbox } from '../shared/inbox.ts';
import { MarkPruner, memoryOf } from '../shared/mark-pruner.ts';
import { placeOf, type PersistentDedupState } from '../shared/marks.ts';
import { MAX_CARRIED_BYTES, RunLimits } from '../shared/run-limits.ts';
import { untilQuiet } from '../shared/recovery/predecessor.ts';
import { recoverRun } from '../shared/recovery/recover-run.ts';
import { snapshotPage } from '../shared/recovery/snapshot.ts';
import { Turns, type RunStage } from '../shared/turns.ts';
import { BatchPicker } from './batch/batch-picker.ts';
import { Batches, type Returned } from './batch/batches.ts';
import { letGo, takeFailures, takeOutcomes } from './batch/outcomes.ts';
import { PoolKeys } from './keys.ts';
import { LaneCommands } from './moved/lane-commands.ts';
import { OutageDetector } from './outage/detector.ts';
import { keyView } from './publish/key-view.ts';
import { PoolMeter } from './publish/meter.ts';
import { PoolStatusPublisher, type Held } from './publish/status-publisher.ts';
import { emptyPool, POOL_RECOVERY } from './recovery.ts';
import { RunEnd } from './run-end.ts';
import { itemsOf, snapshotOf } from './snapshot.ts';
import { objectionTo, rejectedDecision } from './verbs.ts';

/** Keys that move out at a time when more is held than a next run can be given, and this one must end. */
const KEYS_OUT_AT_ONCE = 10;
/** Marks that a run carries on without asking whether some can be forgotten. */
const MARKS_CARRIED = 64;

export class PoolHost implements Host {
  readonly turns = new Turns();
  readonly #input: PoolInput;
  readonly #limits: RunLimits;
  readonly #inbox: Inbox;
  readonly #batches: Batches;
  readonly #meter: PoolMeter;
  readonly #status: PoolStatusPublisher;
  readonly #marks: MarkPruner;
  #keys!: PoolKeys;
  #commands!: LaneCommands;
  #outages!: OutageDetector;
  #picker!: BatchPicker;
  #runEnd!: RunEnd;
  #memory!: PersistentDedupState;
  #lost: string | undefined;
  #handled = 0;
  /** The run ends now: a verb that waits for its lane goes on in the next. */
  #isLeaving = false;

  constructor(input: PoolInput) {
    const { pipeline, options, carried, predecessor, after } = input;
    this.#input = input;
    this.#limits = new RunLimits(options.signalsPerRun);
    const onSignal = () => this.#limits.countSignal();
    this.#inbox = new Inbox({ turns: this.turns, onSignal, predecessor, after, neverCompletes: true });
    this.#batches = new Batches(pipeline, options, () => this.turns.input());
    this.#meter = new PoolMeter(pipeline);
    this.#status = new PoolStatusPublisher(options.full);
    this.#marks = new MarkPruner(pipeline, { leaseMarginMs: options.leaseMarginMs, maxCarried: MARKS_CARRIED });
    this.#resume(carried ?? emptyPool(workflowInfo().startTime.getTime()));
  }

  /** Goes on from the state that a run before this one has left. */
  #resume(state: PoolState): void {
    const { pipeline, options } = this.#input;
    const onInput = () => this.turns.input();
    const { lane, maxHoldMs } = options;
    const keys = new PoolKeys(state, { lane, newId: uuid4, onMovedOut: () => this.#meter.movedOut() });
    const outages = new OutageDetector({ carried: state, maxHoldMs, meter: this.#meter, onInput });
    const isBusy = () => keys.healthy.hasFresh && (this.#batches.busy > 0 || this.#mayStartBatch);
    const isHolding = () => outages.outage !== undefined;
    this.#keys = keys;
    this.#outages = outages;
    this.#picker = new BatchPicker({ keys: keys.healthy, outages, pool: options, onInput });
    this.#commands = new LaneCommands({ pipeline, lane, moved: keys.moved, isBusy, onInput });
    this.#runEnd = new RunEnd({ limits: this.#limits, keys, batches: this.#batches, isHolding, onInput });
    this.#memory = memoryOf(state);
    this.#lost = state.lost;
    this.#handled = state.handled;
  }

  get stage(): RunStage {
    return this.#limits.stage;
  }

  /** Takes events over (O4). Synchronous, and it never throws for what a signal holds (pool.H2). */
  accept(signal: PoolSignal): void {
    this.#inbox.signal(() => this.#accept(signal));
  }

  #accept({ leaseUntil, events }: PoolSignal): void {
    const arrival = { leaseUntil, items: events, placeOf };
    const { memory, fresh } = admit(this.#memory, arrival, this.#input.options.leaseMarginMs);
    this.#memory = memory;
    for (const event of fresh) this.#keys.append(event);
  }

  /** A signal that could not be parsed. */
  ignore(name: string, signal: unknown, problem?: string): void {
    this.#inbox.malformed(name, signal, problem);
  }

  progress(progress: Pick<BatchProgress, 'batch'>): void {
    this.#inbox.signal(() => {
      const malformed = this.#batches.progress(progress);
      if (malformed !== undefined)
        log.error('Ignored a malformed `progress` signal: it releases nothing', { ...malformed });
    });
  }

  /** Somebody asks whether the lane of a key still runs: one that was terminated is started again (O5). */
  look({ key }: LookSignal): void {
    this.#inbox.signal(() => this.#keys.moved.look(key));
  }

  finished({ key, through }: FinishedSignal): void {
    this.#inbox.signal(() => this.#keys.finished(key, through));
  }

  /** Why a verb cannot act on a key here; undefined when it may. */
  objection(key: string, verb: Verb): Rejection | undefined {
    if (this.#inbox.predecessor !== undefined) {
      return rejection('recovering', 'the pool was terminated and recovers what it held: try again soon');
    }
    if (this.#keys.moved.has(key)) return rejection('key-moving', 'the key has its own lane; send the verb to that');
    if (this.#keys.verbs.has(key)) {
      return rejection('decision-in-progress', 'another decision on the key is still in progress: try again');
    }
    return objectionTo(verb, this.#keys.laneOf(key), this.#keys.healthy.isInBatch(key));
  }

  /** A pause that came as a plain signal, to which there is no answer; an update is refused with this. */
  signalPause(key: string, verb: Verb): void {
    this.#inbox.signal(() => {
      const rejected = this.objection(key, verb);
      if (rejected === undefined) this.#keys.verbs.add(key, verb, this.#keys.laneOf(key));
      else log.warn(`Ignored a pause: ${rejected.why}`, { key, code: rejected.code });
    });
  }

  /**
   * Resolves with what was decided, when the lane that keeps it has started or the verb was refused; or when the run ends and
   * the key has left the pool, which runs nothing of it any more: the next run starts its lane. So no run waits for a lane
   * that cannot be started yet.
   */
  async decideOn(key: string, verb: Verb): Promise<Decision> {
    const lane = this.#keys.laneOf(key);
    // Another one may have been accepted in the same task.
    const rejected = this.objection(key, verb);
    if (rejected !== undefined) return rejectedDecision(lane, verb, rejected, Date.now(), this.#input.options.lane);
    const pending = this.#keys.verbs.add(key, verb, lane);
    this.turns.input();
    await condition(() => pending.answer !== undefined && (this.#isLeaving || !this.#keys.moved.isBeginning(key)));
    return pending.answer as Decision;
  }

  view(): PoolView {
    const { healthy, moved } = this.#keys;
    const failing = healthy.failing();
    return this.#inbox.inView({
      pipeline: this.#input.pipeline,
      waiting: healthy.events,
      bytes: healthy.bytes,
      batches: this.#batches.count,
      moved: moved.count,
      handled: this.#handled,
      ...(this.#status.fullOf === undefined ? {} : { fullOf: this.#status.fullOf }),
      ...this.#outages.fields,
      ...(failing === undefined ? {} : { failing }),
      ...(this.#lost === undefined ? {} : { lost: this.#lost }),
    });
  }

  /** For the run that recovers this one, when this one was terminated externally. */
  snapshot(): RunSnapshot<PoolState> {
    return this.#inbox.inSnapshot(() => snapshotOf(this.#state()));
  }

  snapshotPage(from: unknown): readonly PoolEvent[] {
    return snapshotPage(itemsOf(this.#state()), from);
  }

  key(key: string): PoolKeyView {
    return keyView(this.#keys, key, this.#outages.outage);
  }

  /** Leaves by an exception when it continues as new. */
  async run(): Promise<void> {
    await runHost(this);
  }

  async recover(): Promise<void> {
    await this.#inbox.recover(async (ended) => {
      const { state, events, signals } = await recoverRun(ended, POOL_RECOVERY);
      this.#resume({ ...state, waiting: [] });
      for (const event of events) this.#keys.append(event);
      for (const one of state.waiting) this.#keys.healthy.recall(one, state.failures ?? []);
      await untilQuiet(ended, this.#input.options.heartbeatTimeoutMs);
      for (const signal of signals) this.#accept(signal);
    });
  }

  settle(): void {
    this.#outages.seen();
    for (const returned of this.#batches.returned()) this.#settleBatch(returned);
    for (const outcome of this.#commands.outcomes()) this.#keys.settle(outcome);
  }

  decide(): void {
    if (this.#outages.takeRelease()) letGo(this.#keys.healthy, Date.now());
    this.#keys.moveOutLeaving();
    this.#runEnd.decide();
  }

  publish(): void {
    this.#status.write(this.#held, this.#outages, this.#runEnd.isAnnounced);
  }

  async end(): Promise<boolean> {
    if (this.#runEnd.mustStop) {
      this.#batches.stop();
      await condition(() => this.#batches.haveEnded);
    } else if (this.#runEnd.isDue && this.#isQuiet && !this.#runEnd.isDraining) await this.#continueAsNew();
    return false;
  }

  start(): void {
    if (this.#runEnd.isDue) return;
    this.#commands.start();
    while (this.#mayStartBatch) {
      const isProbe = this.#outages.outage !== undefined;
      const taken = this.#picker.takeBatch();
      if (taken.length === 0) break;
      this.#batches.start(taken, isProbe);
    }
    this.#picker.wakeForRetries();
  }

  hasNews(): boolean {
    if (this.#batches.hasNews || this.#commands.hasOutcomes || this.#outages.hasNews) return true;
    if (this.#keys.leaving().length > 0) return true;
    if (this.#status.hasNews(this.#held, this.#outages, this.#runEnd.isAnnounced)) return true;
    if (this.#runEnd.isDue) return this.#runEnd.mustStop || (this.#isQuiet && !this.#runEnd.isDraining);
    return this.#runEnd.isAnnounced || this.#commands.mayStart || this.#mayStartBatch;
  }

  get #held(): Held {
    return { waiting: this.#keys.healthy, moved: this.#keys.moved };
  }

  get #mayStartBatch(): boolean {
    return !this.#batches.mustWait && this.#picker.mayStartBatch(this.#batches.busy);
  }

  get #isQuiet(): boolean {
    return this.#batches.count === 0 && this.#commands.isQuiet;
  }

  #settleBatch({ keys, isProbe }: Returned): void {
    const { failed, handled, judged, slow } = takeOutcomes(this.#keys.healthy, keys);
    this.#handled += handled;
    for (const key of slow) this.#keys.moveOut(key);
    const { latest, probe, trials } = judged;
    const mode = this.#outages.judge({ trials, latest, ...(isProbe ? { probe } : {}) });
    takeFailures(this.#keys.healthy, failed, mode, Date.now());
  }

  /** Returns when the run cannot end yet. */
  async #continueAsNew(): Promise<void> {
    const forgetting = await this.#marks.forgetOld(this.#memory);
    this.#memory = forgetting(this.#memory);
    const excess = jsonBytes(this.#state()) - MAX_CARRIED_BYTES;
    if (excess > 0) return this.#makeRoom(excess);
    const mustGoOn = () => this.#keys.leaving().length > 0;
    if (mustGoOn()) return;
    this.#isLeaving = true;
    await condition(() => allHandlersFinished() || mustGoOn());
    this.#isLeaving = allHandlersFinished();
    if (!this.#isLeaving) return;
    const { pipeline, options } = this.#input;
    const input: PoolInput = { version: VERSION, pipeline, options, carried: this.#state() };
    await continueAsNew(input, { full: this.#status.holdsEnough(this.#held) });
  }

  /** What a next run cannot be given goes to lanes. When no key can go, the run goes on until enough keys have come back. */
  #makeRoom(excess: number): void {
    const keys = this.#keys.healthy.longest(KEYS_OUT_AT_ONCE);
    if (keys.length === 0) this.#runEnd.postpone(excess);
    for (const key of keys) this.#keys.moveOut(key);
    this.#commands.start();
    this.turns.input();
  }

  #state(): PoolState {
    return {
      ...this.#keys.toState(),
      ...this.#memory,
      ...this.#outages.toCarried(),
      ...(this.#lost === undefined ? {} : { lost: this.#lost }),
      handled: this.#handled,
    };
  }
}
