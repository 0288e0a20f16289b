/**
 * Hosts one lane in a workflow of its own: brings signals and updates to the lane's pure functions, runs the work that
 * they ask for, and ends the run or continues it as new in time.
 *
 * Owns the lane's state, which nothing else assigns, and the one piece of work in flight.
 *
 * Invariants:
 * lane.H1 At most one piece of work is in flight, and none when the run ends (O1).
 * lane.H2 Signals are accepted synchronously, so none is lost when the run ends: the server refuses to end a run that has
 *    signals it has not seen (O4).
 * lane.H3 Verbs act one at a time, between pieces of work, and each is answered before the run ends (O11).
 * lane.H4 Nothing is written per event but its signal and its activity: attributes and memo on changes of status, one idle
 *    timer that is looked at when it fires.
 */
import { allHandlersFinished, condition, log, workflowInfo } from '@temporalio/workflow';
import type { Decision } from '../../contracts/lane/decision.ts';
import type { LaneInput, RecordsSignal } from '../../contracts/lane/messages.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { LaneView } from '../../contracts/lane/view.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import type { PendingEvent } from '../../contracts/questions.ts';
import { rejection, type Rejection } from '../../contracts/rejection.ts';
import type { RunSnapshot } from '../../contracts/run.ts';
import type { BacklogView, BacklogWindow } from '../../contracts/lane/waiting.ts';
import { continueAsNew } from '../shared/continue-as-new.ts';
import { runHost, type Host } from '../shared/host-loop.ts';
import { Inbox } from '../shared/inbox.ts';
import { MarkPruner } from '../shared/mark-pruner.ts';
import { RunLimits } from '../shared/run-limits.ts';
import { claimedPredecessor, untilQuiet } from '../shared/recovery/predecessor.ts';
import { recoverRun } from '../shared/recovery/recover-run.ts';
import { snapshotPage } from '../shared/recovery/snapshot.ts';
import { Turns, type RunStage } from '../shared/turns.ts';
import { BacklogSpiller, withSpilled } from './backlog-spiller.ts';
import { ClaimCleaner } from './claim-cleaner.ts';
import { blockedByLoss, mustTellLoss } from './core/loss.ts';
import { accept, emptyLane, isIdle } from './core/machine.ts';
import { LaneWork } from './execution/lane-work.ts';
import { IdleTimer } from './idle-timer.ts';
import { PoolReturn } from './pool-return.ts';
import { backlogViewOf, viewOf } from './publish/appearance.ts';
import { LanePublisher } from './publish/publisher.ts';
import { laneRecovery } from './recovery.ts';
import { mustStopWork, stopWork } from './run-end.ts';
import type { LaneSnapshot } from './snapshot.ts';
import { judge, refused, type Verb } from './verbs/decide.ts';
import { answerTo, VerbQueue, type PendingVerb } from './verbs/queue.ts';

/** Marks that a run carries on without asking whether some can be forgotten. */
const MARKS_CARRIED = 16;

export class LaneHost implements Host {
  readonly turns = new Turns();
  readonly #input: LaneInput;
  #lane: LaneState;
  readonly #inbox: Inbox;
  readonly #verbs: VerbQueue;
  readonly #limits: RunLimits;
  readonly #backlog: BacklogSpiller;
  readonly #work: LaneWork;
  readonly #claims: ClaimCleaner;
  readonly #marks: MarkPruner;
  readonly #publisher: LanePublisher;
  readonly #idle: IdleTimer;
  /** Where the key goes when there is nothing left to do; undefined for a lane that stays. */
  readonly #return: PoolReturn | undefined;

  constructor(input: LaneInput) {
    const { pipeline, key, options, carried, pool } = input;
    const onInput = () => this.turns.input();
    this.#input = input;
    this.#limits = new RunLimits(options.signalsPerRun);
    this.#lane = carried ?? emptyLane(workflowInfo().startTime.getTime());
    this.#inbox = new Inbox({
      turns: this.turns,
      onSignal: () => this.#limits.countSignal(),
      predecessor: claimedPredecessor(input),
      after: input.after,
      neverCompletes: false,
    });
    this.#verbs = new VerbQueue(options);
    this.#backlog = new BacklogSpiller(input, onInput);
    this.#work = new LaneWork(input, this.#backlog, onInput);
    this.#claims = new ClaimCleaner(pipeline, onInput);
    this.#marks = new MarkPruner(pipeline, { leaseMarginMs: options.leaseMarginMs, maxCarried: MARKS_CARRIED });
    this.#publisher = new LanePublisher(pipeline, key, this.#lane);
    this.#idle = new IdleTimer(input, onInput);
    this.#return = pool === undefined ? undefined : new PoolReturn(pool, key);
  }

  get stage(): RunStage {
    return this.#limits.stage;
  }

  /** Takes events over (O4). Synchronous, and it never throws for what a signal holds (lane.H2). */
  accept(signal: RecordsSignal): void {
    this.#inbox.signal(() => {
      this.#lane = accept(this.#lane, signal, this.#input.options);
      this.#idle.touch();
      this.#publisher.accepted(this.#lane);
    });
  }

  /** A signal that could not be parsed. */
  ignore(name: string, signal: unknown, problem: string): void {
    this.#inbox.malformed(name, signal, problem);
  }

  /** Why a verb cannot act now; undefined when it may. What a lane that recovers will hold is not known yet. */
  objection(verb: Verb): Rejection | undefined {
    if (this.#work.isDisowned) return rejection('key-moving', 'the key is back in its pool, and this lane ends');
    if (this.#return?.isUnderWay === true) {
      return rejection('key-moving', 'the key is on its way back to its pool: try again');
    }
    if (this.#inbox.predecessor !== undefined) {
      return verb.problem === undefined ? undefined : rejection('invalid-argument', verb.problem);
    }
    const verdict = judge(this.#lane, verb, this.#work.isInFlight);
    return verdict.kind === 'refuse' ? verdict.rejection : undefined;
  }

  /** A verb that came as a signal: when it cannot act, that is kept among the decisions, since nobody waits for an answer. */
  signalVerb(verb: Verb): void {
    if (this.#return?.isUnderWay === true && verb.name === 'pause') this.#return.pause(verb.args);
    const rejected = this.#inbox.predecessor === undefined ? this.objection(verb) : undefined;
    this.#inbox.signal(() => {
      if (rejected === undefined) this.#verbs.add(this.#lane, verb);
      else {
        this.#lane = refused(this.#lane, verb, rejected, Date.now(), this.#input.options);
        this.#publisher.describe(this.#lane);
      }
    });
  }

  /** A verb that came as an update; gives what was decided. */
  async updateVerb(verb: Verb): Promise<Decision> {
    let pending: PendingVerb | undefined;
    this.#inbox.take(() => (pending = this.#verbs.add(this.#lane, verb)));
    return await answerTo(() => pending);
  }

  view(): LaneView {
    return this.#inbox.inView(viewOf(this.#input.pipeline, this.#input.key, this.#lane));
  }

  backlog(window: BacklogWindow): BacklogView {
    return backlogViewOf(this.#lane, window);
  }

  /** For the run that recovers this one, when this one was terminated externally. */
  snapshot(): RunSnapshot<LaneSnapshot> {
    return this.#inbox.inSnapshot(() => this.#backlog.snapshot(this.#lane));
  }

  snapshotPage(from: unknown): readonly LaneEvent[] {
    return snapshotPage(this.#backlog.items(this.#lane), from);
  }

  /** The workflow was canceled, which is a request: what the lane holds is handled, and then it ends (O5). */
  drain(): void {
    this.#idle.drain();
    this.turns.input();
  }

  /** Runs until the lane ends idle; leaves by an exception when it continues as new. */
  async run(): Promise<void> {
    await runHost(this);
  }

  async recover(): Promise<void> {
    const { options } = this.#input;
    await this.#inbox.recover(async (ended) => {
      // Nothing else changes the lane meanwhile: what arrives waits in the inbox.
      const recovery = laneRecovery(options, async (lane) => {
        this.#lane = lane;
        await this.#shorten();
        return this.#lane;
      });
      this.#lane = (await recoverRun(ended, recovery)).lane;
      await untilQuiet(ended, options.heartbeatTimeoutMs);
    });
    this.#idle.touch();
  }

  async settle(): Promise<void> {
    this.#lane = this.#claims.settle(this.#lane);
    await this.#settleWork();
    this.#tellLoss();
  }

  async decide(): Promise<void> {
    while (!this.#verbs.isEmpty) {
      if (this.#verbs.mustStop(this.#lane)) await this.#settleWork(await this.#work.stop());
      this.#lane = this.#verbs.act(this.#lane);
      this.#idle.touch();
      this.#publisher.decided(this.#lane);
    }
    this.#tellLoss();
  }

  publish(): void {
    if (!this.#work.isDisowned) this.#publisher.publish(this.#lane);
  }

  async end(): Promise<boolean> {
    if (this.#work.isDisowned) {
      await condition(() => allHandlersFinished());
      return true;
    }
    // Some segments at a time, so that no verb waits for a long backlog to be moved.
    if (this.#backlog.isTooLong(this.#lane) && (await this.#spill())) this.turns.input();
    if (this.#limits.isDue(this.#lane)) await this.#continueAsNew();
    if (this.#return === undefined) return this.#idle.take() && (await this.#mayEnd());
    // Also when there is something to do just now: a timer that has fired is over, and is not waited for again.
    this.#idle.take();
    return !this.#idle.isSet && (await this.#returnKey(this.#return));
  }

  start(): void {
    this.#lane = this.#work.start(this.#lane);
    this.#claims.start(this.#lane, this.#work.isInFlight);
    if (this.#isIdle) this.#idle.set();
  }

  hasNews(): boolean {
    if (!this.#verbs.isEmpty || this.#work.hasEnded) return true;
    if (this.#claims.hasNews(this.#lane, this.#work.isInFlight) || this.#backlog.isTooLong(this.#lane)) return true;
    if (this.#work.isInFlight) return mustStopWork(this.#lane, this.#work, this.#limits);
    // It may have become idle just now, by nothing that this waits for.
    if (this.#idle.hasFired || (this.#isIdle && !this.#idle.isSet)) return true;
    return mustTellLoss(this.#lane) || this.#limits.isDue(this.#lane) || this.#work.hasNext(this.#lane);
  }

  get #isIdle(): boolean {
    return !this.#work.isInFlight && isIdle(this.#lane);
  }

  get #mayComplete(): boolean {
    return this.#isIdle && this.#verbs.isEmpty && allHandlersFinished();
  }

  #tellLoss(): void {
    if (mustTellLoss(this.#lane)) this.#lane = blockedByLoss(this.#lane, this.#input.options.retry, Date.now());
  }

  async #settleWork(asked?: PendingEvent): Promise<void> {
    if (!this.#work.hasEnded) return;
    const { lane, slice } = this.#work.settle(this.#lane, asked);
    this.#lane = lane;
    this.#idle.touch();
    if (slice !== undefined) await this.#backlog.close(slice);
  }

  /** Moves some of the backlog out of this run. Returns whether there was anything that could go. */
  async #spill(): Promise<boolean> {
    this.#lane = this.#backlog.withTail(this.#lane);
    const spilled = await this.#backlog.spill(this.#lane);
    this.#lane = withSpilled(this.#lane, spilled);
    return spilled.length > 0;
  }

  /** Moves what a next run should not be given. */
  async #shorten(): Promise<void> {
    while (this.#limits.isLarge(this.#lane) && (await this.#spill()));
  }

  /** Returns when the run cannot end yet. */
  async #continueAsNew(): Promise<void> {
    if (mustStopWork(this.#lane, this.#work, this.#limits))
      await this.#settleWork(await stopWork(this.#work, this.#limits));
    if (this.#work.isInFlight) return;
    const forgetting = await this.#marks.forgetOld(this.#lane);
    this.#lane = { ...this.#lane, ...forgetting(this.#lane) };
    await this.#shorten();
    await this.#claims.stop();
    this.#lane = this.#claims.settle(this.#lane);
    await condition(() => allHandlersFinished() || !this.#verbs.isEmpty);
    // A verb that came while this waited is decided first; the loop comes back here.
    if (!this.#verbs.isEmpty) return;
    if (!this.#limits.fits(this.#lane)) {
      log.error('The lane holds more than a next run can be given; it continues as new when it has drained');
      return;
    }
    this.publish();
    const { predecessor: _recovered, after: _seen, ...input } = this.#input;
    await continueAsNew({ ...input, carried: this.#lane } satisfies LaneInput);
  }

  /** Whether every mark of a lane that has been idle for long enough lies behind the durable checkpoints (O6). */
  async #mayEnd(): Promise<boolean> {
    if (!this.#isIdle || !this.#idle.isOver) return false;
    const forgetting = await this.#marks.forgetPassed(this.#lane);
    if (forgetting !== undefined) this.#lane = { ...this.#lane, ...forgetting(this.#lane) };
    const isForgotten = forgetting !== undefined && Object.keys(this.#lane.marks).length === 0;
    // Ask again after another idle time, not at once.
    if (!isForgotten) this.#idle.touch();
    return isForgotten && this.#mayComplete;
  }

  /** A lane that a pool has started ends as soon as it has nothing to do: only the pool sends to it, and remembers for it (O6). */
  async #returnKey(to: PoolReturn): Promise<boolean> {
    if (!this.#isIdle || !this.#verbs.isEmpty) return false;
    this.#idle.touch();
    return (await to.giveBack(this.#lane)) && this.#mayComplete;
  }
}
