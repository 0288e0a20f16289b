/**
 * Hosts one lane in a workflow of its own: brings signals and updates to the lane's pure functions, runs the work that
 * they ask for, and lets the run end or continue as new in time.
 *
 * Owns: the lane's state, the verbs that wait for their turn, the one piece of work in flight, the idle timer.
 *
 * Invariants:
 * H1 At most one piece of work is in flight, and none when the run ends (O1).
 * H2 Signals are taken in synchronously, so none is lost when the run ends: the server refuses to end a run that has
 *    signals it has not seen (O4).
 * H3 Verbs act one at a time, between pieces of work, and each is answered before the run ends (O11).
 * H4 Nothing is written per event but its signal and its activity: attributes and memo on changes of status, one idle
 *    timer that is looked at when it fires.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  log,
  makeContinueAsNewFunc,
  setCurrentDetails,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { DEFAULT_SEGMENT_LIMITS } from '../../contracts/lane/backlog.ts';
import type { Decision } from '../../contracts/lane/decision.ts';
import type { LaneInput, RecordsSignal } from '../../contracts/lane/messages.ts';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { LaneView } from '../../contracts/lane/view.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import type { PendingEvent } from '../../contracts/questions.ts';
import type { StartedAfter, EndedRun } from '../../contracts/run.ts';
import type { LaneRemains } from '../../contracts/recovery.ts';
import type { BacklogView, BacklogWindow } from '../../contracts/lane/waiting.ts';
import { claimedPredecessor, truePredecessor, untilQuiet } from '../shared/started-after.ts';
import { afterHandling } from './execution/after-work.ts';
import { backlogViewOf, detailsOf, memoChange, statusOf, viewOf, type LaneStatus } from './publish/appearance.ts';
import { attributesOf } from './publish/attributes.ts';
import { act, bind, judge, refused, type Verb } from './verbs/decide.ts';
import { accept, emptyLane, lossesOfHead, next, batchStarted, type Work } from './core/machine.ts';
import { BacklogSpiller, type LaneCell } from './backlog-spiller.ts';
import { ClaimCleaner } from './claim-cleaner.ts';
import { depthOf } from './core/backlog.ts';
import { blockedByLoss, mustTellLoss } from './core/loss.ts';
import { MarkPruner } from '../shared/mark-pruner.ts';
import { giveBack, passPauseOn } from './pool-return.ts';
import { LaneLog } from './publish/lane-log.ts';
import { askForPendingEvent } from '../shared/questions.ts';
import { RunLimits } from '../shared/run-limits.ts';
import { recoverRun } from './recovery.ts';
import { Turns } from '../shared/turns.ts';
import {
  isDisowned,
  startEvent,
  startFetch,
  startSlice,
  startEventBatch,
  type WorkInFlight,
} from './execution/work.ts';

interface PendingVerb {
  readonly verb: Verb;
  /** Set when the verb has acted or was refused. */
  answer: Decision | undefined;
}

/** An attempt that begins so soon is let begin. */
const SOON_MS = 1000;
/** Of a lane that was asked to end: how often it looks whether it may. */
const DRAINED_MS = 5000;
/** How often a lane tries to give its key back to a pool that cannot be told. */
const RETURN_RETRY_MS = 30_000;

export class LaneHost {
  readonly #pipeline: string;
  readonly #key: string;
  readonly #options: LaneOptions;
  readonly #cell: LaneCell;
  #verbs: PendingVerb[] = [];
  #work: WorkInFlight | undefined;
  #published: LaneStatus;
  readonly #limits: RunLimits;
  readonly #backlog: BacklogSpiller;
  readonly #claims: ClaimCleaner;
  readonly #log: LaneLog;
  readonly #marks: MarkPruner;
  /** The run from which this one takes over, until it has; what comes meanwhile waits. */
  #predecessor: EndedRun | undefined;
  readonly #after: StartedAfter | undefined;
  readonly #early: RecordsSignal[] = [];
  /** Where the key goes when there is nothing left to do; undefined for a lane that stays. */
  readonly #pool: string | undefined;
  /** The pool is being told that it has the key again: set meanwhile, with a pause that came too late. */
  #leaving: { pause?: Verb } | undefined;
  /** The pool has the key, and this run was reset: it ends without running anything. */
  #isDisowned = false;
  /** Somebody asked for the lane's end: it ends as soon as it may, and not after its idle time. */
  #drains = false;
  #idleTimer: 'none' | 'set' | 'fired' = 'none';
  #lastChange = Date.now();
  readonly #turns = new Turns();

  constructor(input: LaneInput) {
    this.#pipeline = input.pipeline;
    this.#key = input.key;
    this.#options = input.options;
    this.#limits = new RunLimits(input.options.signalsPerRun, input.options.segments !== undefined);
    this.#backlog = new BacklogSpiller(input, () => this.#turns.input());
    this.#claims = new ClaimCleaner(input.pipeline, () => this.#turns.input());
    this.#marks = new MarkPruner(input);
    this.#cell = { lane: input.carried ?? emptyLane(workflowInfo().startTime.getTime()) };
    this.#predecessor = claimedPredecessor(input);
    this.#after = input.after;
    this.#pool = input.pool;
    this.#published = statusOf(this.#lane.phase);
    this.#log = new LaneLog(input.pipeline, input.key, this.#lane);
  }

  get #lane(): LaneState {
    return this.#cell.lane;
  }

  set #lane(lane: LaneState) {
    this.#cell.lane = lane;
  }

  /** Takes events over (O4). Synchronous, and it never throws for what a signal holds (H2). */
  accept(signal: RecordsSignal): void {
    this.#limits.countSignal();
    this.#lastChange = Date.now();
    if (this.#predecessor === undefined) this.#lane = accept(this.#lane, signal, this.#options);
    else this.#early.push(signal);
    this.#turns.input();
    if (this.#published !== 'healthy') this.#describe();
  }

  /** Why a verb cannot act now; undefined when it may. What a lane that takes over will hold is not known yet. */
  objection(verb: Verb): string | undefined {
    if (this.#isDisowned) return 'the key is back in its pool, and this lane ends';
    if (this.#leaving !== undefined) return 'the key is on its way back to its pool: ask again';
    if (this.#predecessor !== undefined) return verb.problem;
    const verdict = judge(this.#lane, verb, this.#work !== undefined);
    return verdict.kind === 'refuse' ? verdict.why : undefined;
  }

  /** A verb that came as a signal: when it cannot act, that is kept among the decisions, since nobody waits for it. */
  signalVerb(verb: Verb): void {
    this.#limits.countSignal();
    if (this.#leaving !== undefined && verb.name === 'pause') this.#leaving.pause = verb;
    const why = this.#predecessor === undefined ? this.objection(verb) : undefined;
    if (why === undefined) this.#enqueue(verb);
    else {
      this.#lane = refused(this.#lane, verb, why, Date.now(), this.#options);
      this.#describe();
    }
  }

  /** A verb that came as an update; gives what was decided. */
  async updateVerb(verb: Verb): Promise<Decision> {
    const pending = this.#enqueue(verb);
    // A cancel from outside must not keep the answer back.
    await CancellationScope.nonCancellable(() => condition(() => pending.answer !== undefined));
    return pending.answer as Decision;
  }

  view(): LaneView {
    const view = viewOf(this.#pipeline, this.#key, this.#lane);
    return this.#predecessor === undefined ? view : { ...view, takesOver: this.#predecessor };
  }

  backlog(window: BacklogWindow): BacklogView {
    return backlogViewOf(this.#lane, window);
  }

  /** For a run that comes after this one was ended from outside. */
  remains(): LaneRemains {
    const held = this.#backlog.remains(this.#lane);
    return { ...held, ...(this.#predecessor === undefined ? {} : { predecessor: this.#predecessor }) };
  }

  tail(from: unknown): readonly LaneEvent[] {
    return this.#backlog.leftFrom(this.#lane, typeof from === 'number' ? from : 0);
  }

  /** A cancel from outside is a request: what the lane holds is worked off, and then it ends (O5). */
  drain(): void {
    this.#drains = true;
    if (this.#idleTimer === 'set') this.#idleTimer = 'fired';
    this.#turns.input();
  }

  /** Runs until the lane ends idle; leaves by an exception when it continues as new. */
  async run(): Promise<void> {
    if (this.#predecessor !== undefined) await this.#takeOver(this.#predecessor);
    this.#describe();
    for (;;) {
      await this.#settleWork();
      this.#tellLoss();
      await this.#decideAll();
      if (this.#isDisowned) return await condition(() => allHandlersFinished());
      this.#tellLoss();
      this.#publish();
      // Some segments at a time, so that no verb waits for a long backlog to be moved.
      if (this.#isTooLong() && (await this.#backlog.move(this.#cell))) this.#turns.input();
      if (this.#limits.isDue(this.#lane)) await this.#continueAsNew();
      this.#startWork();
      if (this.#isTimeToDelete()) this.#claims.begin(this.#cell);
      if (await this.#mayEnd()) return;
      this.#setIdleTimer();
      await condition(() => this.#hasNews());
      if (!this.#turns.begin(this.#limits.stage)) await this.#turns.pause();
    }
  }

  #hasNews(): boolean {
    if (this.#verbs.length > 0 || this.#isTimeToDelete()) return true;
    if (this.#work !== undefined) {
      return this.#work.ended !== undefined || this.#mustStopForContinueAsNew() || this.#isTooLong();
    }
    return (
      mustTellLoss(this.#lane) ||
      this.#isTooLong() ||
      this.#idleTimer === 'fired' ||
      // It has become idle just now, by nothing that this waits for.
      (this.#idleTimer === 'none' && this.#isIdle()) ||
      this.#limits.isDue(this.#lane) ||
      this.#nextWork().kind !== 'none'
    );
  }

  #enqueue(verb: Verb): PendingVerb {
    const pending: PendingVerb = { verb: bind(this.#lane, verb), answer: undefined };
    this.#verbs.push(pending);
    this.#turns.input();
    return pending;
  }

  #tellLoss(): void {
    if (mustTellLoss(this.#lane)) this.#lane = blockedByLoss(this.#lane, Date.now());
  }

  #startWork(): void {
    if (this.#work !== undefined) return;
    const work = this.#nextWork();
    const { heartbeatTimeoutMs } = this.#options;
    const onEnd = () => this.#turns.input();
    const lane = { pipeline: this.#pipeline, key: this.#key, heartbeatTimeoutMs, pool: this.#pool, onEnd };
    if (work.kind === 'batch') {
      const losses = lossesOfHead(this.#lane);
      this.#lane = batchStarted(this.#lane, work.events.length);
      this.#work = startEventBatch(lane, work.events, losses);
    } else if (work.kind === 'event') {
      this.#work = startEvent(lane, work.event, work.failing);
    } else if (work.kind === 'fetch') {
      // Part of the first pass, unless the event has failed before.
      if (this.#lane.phase.state === 'idle') this.#lane = batchStarted(this.#lane, 1);
      this.#work = startFetch(lane, work.event);
    } else if (work.kind === 'slice') {
      this.#work = startSlice(this.#backlog.sliceFor(work), onEnd);
    }
  }

  async #takeOver(claimed: EndedRun): Promise<void> {
    const ended = await truePredecessor(claimed, this.#after);
    this.#predecessor = ended ?? claimed;
    if (ended !== undefined) {
      this.#lane = await recoverRun(ended, this.#options, async (lane) => {
        this.#lane = lane;
        while (this.#limits.isLarge(this.#lane) && (await this.#backlog.move(this.#cell)));
        return this.#lane;
      });
      await untilQuiet(ended, this.#options.heartbeatTimeoutMs);
    }
    this.#predecessor = undefined;
    for (const signal of this.#early.splice(0)) this.#lane = accept(this.#lane, signal, this.#options);
    this.#lastChange = Date.now();
  }

  #nextWork(): Work {
    const work = next(this.#lane, this.#options);
    return this.#backlog.mayRead(work) ? work : { kind: 'none' };
  }

  async #settleWork(asked?: PendingEvent): Promise<void> {
    const work = this.#work;
    if (work?.ended === undefined) return;
    this.#work = undefined;
    this.#lastChange = Date.now();
    if (work.ended.kind === 'slice') await this.#backlog.takeBack(this.#cell, work.ended);
    else this.#lane = afterHandling(this.#lane, work, work.ended, asked);
    if (!isDisowned(work.ended)) return;
    this.#isDisowned = true;
    log.warn('This lane gave its key back to its pool before it was reset: it ends without running anything');
  }

  #isTooLong(): boolean {
    return this.#backlog.isTooLong(this.#lane);
  }

  /** Asks the work in flight to stop and waits until it has ended, however it ends (O1). */
  async #stopWork(asked?: PendingEvent): Promise<void> {
    const work = this.#work;
    if (work === undefined) return;
    const pending = work.kind === 'event' ? (asked ?? (await askForPendingEvent())) : undefined;
    work.scope.cancel();
    await condition(() => work.ended !== undefined);
    await this.#settleWork(pending);
  }

  async #decideAll(): Promise<void> {
    for (let pending = this.#verbs[0]; pending !== undefined; pending = this.#verbs[0]) {
      await this.#decide(pending);
      this.#verbs.shift();
    }
  }

  async #decide(pending: PendingVerb): Promise<void> {
    const { verb } = pending;
    let verdict = judge(this.#lane, verb, this.#work !== undefined);
    if (verdict.kind === 'stop first') {
      await this.#stopWork();
      verdict = judge(this.#lane, verb, false);
    }
    this.#lastChange = Date.now();
    this.#lane =
      verdict.kind === 'act'
        ? act(this.#lane, verb, Date.now(), this.#options)
        : refused(this.#lane, verb, verdict.kind === 'refuse' ? verdict.why : '', Date.now(), this.#options);
    pending.answer = this.#lane.decisions.at(-1);
    if (pending.answer !== undefined) this.#log.decided(pending.answer);
  }

  #publish(): void {
    const status = statusOf(this.#lane.phase);
    this.#describe();
    this.#log.changed(this.#lane);
    if (status === this.#published) return;
    this.#published = status;
    upsertSearchAttributes(attributesOf(this.#lane));
    upsertMemo(memoChange(this.#key, this.#lane));
  }

  #describe(): void {
    setCurrentDetails(detailsOf(this.#pipeline, this.#key, this.#lane));
  }

  /** Whether a continue-as-new that is due has something to do about the work in flight now. */
  #mustStopForContinueAsNew(): boolean {
    if (!this.#limits.isDue(this.#lane) || this.#work === undefined) return false;
    return this.#limits.isPressing() || (this.#work.kind === 'event' && this.#limits.isTimeToLook());
  }

  /** A batch has an end, retries may go on for days: they are stopped while they wait, a running attempt is let end. */
  async #stopForContinueAsNew(): Promise<void> {
    if (this.#work?.kind === 'event' && !this.#limits.isPressing()) {
      this.#limits.looked();
      const pending = await askForPendingEvent();
      const isWaiting = pending?.nextAttemptAt !== undefined && pending.nextAttemptAt > Date.now() + SOON_MS;
      if (isWaiting) await this.#stopWork(pending);
      return;
    }
    await this.#stopWork();
  }

  async #continueAsNew(): Promise<void> {
    if (this.#mustStopForContinueAsNew()) await this.#stopForContinueAsNew();
    if (this.#work !== undefined) return;
    await this.#marks.forgetOld(this.#cell);
    while (this.#limits.isLarge(this.#lane) && (await this.#backlog.move(this.#cell)));
    await this.#claims.stop();
    await condition(() => allHandlersFinished() || this.#verbs.length > 0);
    // A verb that came while this waited is decided first; the loop comes back here.
    if (this.#verbs.length > 0) return;
    if (!this.#limits.fits(this.#lane, this.#backlog.hasSegments)) {
      log.error('The lane holds more than a next run can be given; it continues as new when it has drained');
      return;
    }
    this.#publish();
    const input: LaneInput = {
      version: 1,
      pipeline: this.#pipeline,
      key: this.#key,
      // By these the next run knows that its version has bounds and segments.
      options: { ...this.#options, segments: this.#options.segments ?? DEFAULT_SEGMENT_LIMITS },
      carried: this.#lane,
      ...(this.#pool === undefined ? {} : { pool: this.#pool }),
    };
    // What was written on this run is not carried over by itself.
    const { memo = {}, typedSearchAttributes } = workflowInfo();
    await makeContinueAsNewFunc<(input: LaneInput) => Promise<void>>({ memo, typedSearchAttributes })(input);
  }

  #isIdle(): boolean {
    return (
      this.#work === undefined &&
      this.#lane.phase.state === 'idle' &&
      depthOf(this.#lane) === 0 &&
      this.#lane.claimsToDelete === undefined &&
      this.#lane.lost === undefined
    );
  }

  /** Beside whatever the lane does, and some at a time while it moves. */
  #isTimeToDelete(): boolean {
    return this.#claims.mayBegin(this.#lane, this.#work !== undefined);
  }

  get #idleMs(): number {
    if (this.#pool !== undefined) return RETURN_RETRY_MS;
    return this.#drains ? Math.min(DRAINED_MS, this.#options.idleMs) : this.#options.idleMs;
  }

  #setIdleTimer(): void {
    if (this.#idleTimer !== 'none' || !this.#isIdle()) return;
    this.#idleTimer = 'set';
    const left = this.#lastChange + this.#idleMs - Date.now();
    void sleep(Math.max(1, left)).then(() => {
      this.#idleTimer = 'fired';
      this.#turns.input();
    });
  }

  /** Whether the lane has been idle for long enough, and every mark of it lies behind the durable checkpoints (O6). */
  async #mayEnd(): Promise<boolean> {
    if (this.#pool !== undefined) return await this.#returnKeyToPool(this.#pool);
    if (this.#idleTimer !== 'fired') return false;
    this.#idleTimer = 'none';
    if (!this.#isIdle() || Date.now() - this.#lastChange < this.#idleMs) return false;
    const hasForgotten = await this.#marks.forget(this.#cell);
    // Ask again after another idle time, not at once.
    if (!hasForgotten) this.#lastChange = Date.now();
    return hasForgotten && this.#isIdle() && this.#verbs.length === 0 && allHandlersFinished();
  }
  /** A lane that a pool has begun ends as soon as it has nothing to do: only the pool sends to it, and remembers for it (O6). */
  async #returnKeyToPool(pool: string): Promise<boolean> {
    // Also when there is something to do just now: a timer that has fired is over, and is not waited for again.
    if (this.#idleTimer === 'fired') this.#idleTimer = 'none';
    if (!this.#isIdle() || this.#verbs.length > 0 || this.#idleTimer === 'set') return false;
    this.#leaving = {};
    this.#lastChange = Date.now();
    const isBack = await giveBack(pool, this.#key, this.#lane);
    const { pause } = this.#leaving;
    if (isBack && pause !== undefined) await passPauseOn(pool, this.#key, pause.args);
    this.#leaving = undefined;
    return isBack && this.#isIdle() && this.#verbs.length === 0 && allHandlersFinished();
  }
}
