/**
 * Hosts a pipeline's quarantine: brings signals and updates to its pure functions, does what verbs ask for, and lets the run
 * continue as new in time. It never ends.
 *
 * Owns the state, which nothing else assigns, and the one piece of work in flight.
 *
 * Invariants:
 * quarantine.H1 At most one piece of work is in flight, and none when the run ends.
 * quarantine.H2 Signals are accepted synchronously, as in a lane (O4).
 * quarantine.H3 A record is out when its lane has accepted it, and not before; which key it has is in the state before its
 *    lane is sent anything (O4, O6).
 */
import { allHandlersFinished, CancellationScope, condition, uuid4, workflowInfo } from '@temporalio/workflow';
import type { SegmentName } from '../../contracts/lane/backlog.ts';
import { segmentWorkflowId } from '../../contracts/names.ts';
import type { QuarantineLimits } from '../../contracts/quarantine/options.ts';
import type { QuarantineInput, QuarantineSignal } from '../../contracts/quarantine/messages.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineDecision } from '../../contracts/quarantine/decision.ts';
import type { QuarantineState } from '../../contracts/quarantine/state.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';
import type { FoundRecord, SegmentFinding } from '../../contracts/quarantine/search.ts';
import { rejection, type Rejection } from '../../contracts/rejection.ts';
import type { RunSnapshot } from '../../contracts/run.ts';
import { continueAsNew } from '../shared/continue-as-new.ts';
import { runHost, type Host } from '../shared/host-loop.ts';
import { Inbox } from '../shared/inbox.ts';
import { MarkPruner } from '../shared/mark-pruner.ts';
import { snapshotPage } from '../shared/recovery/snapshot.ts';
import { RunLimits } from '../shared/run-limits.ts';
import { Turns, type RunStage } from '../shared/turns.ts';
import { logQuarantined } from './quarantine-log.ts';
import { recoverQuarantine } from './recovery.ts';
import { QuarantineSegments } from './segments.ts';
import { snapshotOf } from './snapshot.ts';
import * as records from './state.ts';
import * as jobs from './verbs/jobs.ts';
import type { QuarantineVerb } from './verbs/parse.ts';
import { QuarantineWork, type Ended } from './work.ts';

/** Segments that one step searches. */
const SEGMENTS_A_STEP = 50;
/** Marks that a run carries on without asking whether some can be forgotten. */
const MARKS_CARRIED = 16;

export class QuarantineHost implements Host {
  readonly turns = new Turns();
  readonly #input: QuarantineInput;
  readonly #limits: QuarantineLimits;
  readonly #run: RunLimits;
  readonly #inbox: Inbox;
  readonly #segments: QuarantineSegments;
  readonly #work: QuarantineWork;
  readonly #marks: MarkPruner;
  #state: QuarantineState;
  /** The run ends now: whoever waits for an answer gets what there is. */
  #isLeaving = false;

  constructor(input: QuarantineInput) {
    const { pipeline, carried, limits, predecessor, after } = input;
    const { startTime } = workflowInfo();
    this.#input = input;
    this.#limits = limits;
    this.#run = new RunLimits(input.signalsPerRun);
    const onSignal = () => this.#run.countSignal();
    this.#inbox = new Inbox({ turns: this.turns, onSignal, predecessor, after, neverCompletes: true });
    this.#state = carried ?? records.emptyQuarantine(startTime.getTime());
    this.#segments = new QuarantineSegments(pipeline, this.#state.latestSegment);
    this.#work = new QuarantineWork(pipeline, limits, () => this.turns.input());
    this.#marks = new MarkPruner(pipeline, { leaseMarginMs: limits.leaseMarginMs, maxCarried: MARKS_CARRIED });
  }

  get stage(): RunStage {
    return this.#run.stage;
  }

  view(): QuarantineView {
    return this.#inbox.inView(records.viewOf(this.#state));
  }

  get count(): number {
    return records.countOf(this.#state);
  }

  /** For the run that recovers this one, when this one was terminated externally. */
  snapshot(): RunSnapshot<QuarantineState> {
    return this.#inbox.inSnapshot(() => snapshotOf(this.#state));
  }

  snapshotPage(from: unknown): readonly QuarantinedRecord[] {
    return snapshotPage(this.#state.records, from);
  }

  /** Synchronous, and it never throws for what a signal holds (quarantine.H2). */
  accept(signal: QuarantineSignal): void {
    this.#inbox.signal(() => {
      const before = this.#state.records.length;
      this.#state = records.keep(this.#state, signal, this.#limits);
      logQuarantined(this.#input.pipeline, this.#state.records.slice(before));
    });
  }

  /** A signal that could not be parsed. */
  ignore(name: string, signal: unknown, problem?: string): void {
    this.#inbox.malformed(name, signal, problem);
  }

  /** Why a verb cannot act; undefined when it may. */
  objection(verb: QuarantineVerb): Rejection | undefined {
    if (this.#inbox.predecessor !== undefined) {
      return rejection('recovering', 'the quarantine was terminated and recovers what it held: try again soon');
    }
    return jobs.objection(this.#state, verb);
  }

  /** A verb that came as a signal: when it cannot act, that is kept among the decisions, since nobody waits for an answer. */
  signalVerb(verb: QuarantineVerb): void {
    this.#inbox.signal(() => {
      const rejected = this.objection(verb);
      const now = Date.now();
      this.#state =
        rejected === undefined
          ? jobs.enqueue(this.#state, verb, now, uuid4())
          : jobs.refused(this.#state, verb, rejected, now, uuid4(), this.#limits);
    });
  }

  /** What was decided, or what there is of it when this run ends: it goes on in the next. */
  async updateVerb(verb: QuarantineVerb): Promise<QuarantineDecision> {
    const id = uuid4();
    this.#state = jobs.enqueue(this.#state, verb, Date.now(), id);
    this.turns.input();
    const isPending = () => this.#state.jobs.some(({ decision }) => decision.id === id);
    await CancellationScope.nonCancellable(() => condition(() => this.#isLeaving || !isPending()));
    const all = [...this.#state.jobs.map(({ decision }) => decision), ...this.#state.decisions];
    return all.find((decision) => decision.id === id) as QuarantineDecision;
  }

  /** Leaves by an exception when it continues as new. */
  async run(): Promise<void> {
    await runHost(this);
  }

  async recover(): Promise<void> {
    const { pipeline } = this.#input;
    await this.#inbox.recover(async (ended) => {
      // Nothing else changes the state meanwhile: what arrives waits in the inbox.
      const shorten = async (state: QuarantineState) => {
        this.#state = state;
        await this.#shorten();
        return this.#state;
      };
      this.#state = await recoverQuarantine(ended, { pipeline, limits: this.#limits, shorten });
    });
  }

  async settle(): Promise<void> {
    const done = this.#work.take();
    if (done !== undefined) await this.#apply(done.ended, done.segments);
  }

  /** A verb is carried out in steps: see {@link start}. */
  decide(): void {}

  /** Whoever looks at a quarantine asks it. */
  publish(): void {}

  async end(): Promise<boolean> {
    // One segment a turn: no verb waits while more and more records come.
    if (this.#isTooLong && (await this.#moveToSegment())) this.turns.input();
    if (this.#run.isLong() && !this.#isTooLong) await this.#continueAsNew();
    return false;
  }

  async start(): Promise<void> {
    if (this.#work.isInFlight || this.#run.isLong()) return;
    const step = jobs.nextStep(this.#state, SEGMENTS_A_STEP);
    if (step.kind === 'find' || step.kind === 'bring') return this.#work.start(this.#state, step);
    if (step.kind === 'none') return;
    if (step.kind === 'begin') {
      await this.#moveAll();
      this.#state = jobs.begun(this.#state);
    } else this.#state = jobs.ended(this.#state, this.#limits);
    // The next step needs nothing but this one.
    this.turns.input();
  }

  hasNews(): boolean {
    if (this.#isTooLong || this.#work.hasEnded) return true;
    if (this.#work.isInFlight) return this.#run.isLong() && this.#run.isPressing();
    return this.#run.isLong() || this.#state.jobs.length > 0;
  }

  get #isTooLong(): boolean {
    return records.isLong(this.#state, this.#limits.segments);
  }

  async #apply(end: Ended, segments: readonly SegmentName[]): Promise<void> {
    const { redrive } = this.#state;
    if (end.kind === 'found') await this.#found(end.finding, segments);
    else if (end.kind === 'failed') this.#state = jobs.ended(jobs.stopped(this.#state), this.#limits, end.why);
    else if (end.kind === 'lastRedriven' && redrive !== undefined) {
      await this.#decided(redrive.segment, redrive.entries, redrive.undecided);
      this.#state = jobs.lastRedriven(this.#state);
    }
  }

  async #found(finding: SegmentFinding, segments: readonly SegmentName[]): Promise<void> {
    const idOf = (name: SegmentName) => segmentWorkflowId(this.#input.pipeline, name);
    const gone = segments.filter((name) => finding.gone.includes(idOf(name)));
    const empty = segments.filter((name) => finding.empty?.includes(idOf(name)));
    this.#state = jobs.lookedThrough(this.#state, finding, { gone, empty });
    const { hit } = finding;
    const segment = hit === undefined ? undefined : segments[hit.at];
    if (hit === undefined || segment === undefined) return;
    if (this.#state.jobs[0]?.decision.verb === 'skip') {
      await this.#decided(segment, hit.records, hit.undecided);
      this.#state = jobs.skipped(this.#state, segment, hit);
      return;
    }
    const keyed = hit.records.filter(({ key }) => key !== undefined);
    this.#state = jobs.stillKeyless(
      this.#state,
      hit.records.filter(({ key }) => key === undefined),
    );
    const [first] = keyed;
    if (first?.replacement !== undefined) await this.#replace(segment, first, first.replacement, hit.undecided);
    else if (first !== undefined) {
      this.#state = jobs.redrive(this.#state, segment, { undecided: hit.undecided, records: keyed }, Date.now());
    }
  }

  async #replace(
    segment: SegmentName,
    record: FoundRecord,
    replacement: QuarantinedRecord,
    undecided: number,
  ): Promise<void> {
    const own = await this.#segments.hold([replacement]);
    // Before the old one is out: whoever recovers this run after a termination must know of one of them (O5).
    this.#state = records.withOne(this.#state, own);
    await this.#decided(segment, [record], undecided);
    this.#state = jobs.replaced(this.#state, { segment, undecided, record }, own, Date.now());
  }

  /** The segment is told which of its records are out, before anything else looks for what is in it. */
  async #decided(segment: SegmentName, out: readonly { readonly index: number }[], undecided: number): Promise<void> {
    const indexes = out.map(({ index }) => index);
    const isTold = await this.#segments.decided(segment, indexes, undecided);
    if (!isTold) this.#state = records.remembered(this.#state, segment, indexes);
  }

  /** Those that are there now: under constant traffic there will always be more. */
  async #moveAll(): Promise<void> {
    for (let left = this.#state.records.length; left > 0;) {
      const before = this.#state.held;
      await this.#moveToSegment(left);
      left -= this.#state.held - before;
    }
  }

  /** Moves the earliest records out of this run. Returns whether there were any. */
  async #moveToSegment(max = Infinity): Promise<boolean> {
    const earliest = records.nextSegment(this.#state, this.#limits.segments).slice(0, max);
    if (earliest.length === 0) return false;
    const segment = await this.#segments.hold(earliest);
    this.#state = records.movedToSegment(this.#state, earliest.length, segment);
    return true;
  }

  /** Moves what a next run should not be given. */
  async #shorten(): Promise<void> {
    while (this.#run.isLarge(this.#state) && (await this.#moveToSegment()));
  }

  /** Returns when the run cannot end yet. */
  async #continueAsNew(): Promise<void> {
    if (this.#work.isInFlight) {
      if (!this.#run.isPressing()) return;
      // What was found is found again, and what was sent to lanes is sent again and dropped where it was accepted.
      await this.#work.stop();
      await this.settle();
    }
    const forgetting = await this.#marks.forgetOld(this.#state);
    this.#state = { ...this.#state, ...forgetting(this.#state) };
    await this.#shorten();
    if (this.#run.isLarge(this.#state)) this.#state = jobs.withoutLargeJobs(this.#state, this.#limits);
    this.#isLeaving = true;
    await condition(() => allHandlersFinished());
    const { predecessor: _recovered, after: _seen, ...input } = this.#input;
    await continueAsNew({ ...input, carried: this.#state } satisfies QuarantineInput);
  }
}
