/**
 * Hosts a pipeline's quarantine: brings signals and updates to its pure functions, does what verbs ask for, and lets the run
 * continue as new in time. It never ends.
 *
 * Owns: the state, the one piece of work in flight, the updates that wait for their answers.
 *
 * Invariants:
 * K1 At most one piece of work is in flight, and none when the run ends.
 * K2 Signals are taken in synchronously, as in a lane (O4).
 * K3 A record is out when its lane has accepted, and not before; which key it has is in the state before its lane is sent
 *    anything (O4, O6).
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  log,
  makeContinueAsNewFunc,
  patched,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { SegmentName } from '../../contracts/lane/backlog.ts';
import { segmentWorkflowId, SIGNALS } from '../../contracts/names.ts';
import { DEFAULT_QUARANTINE_LIMITS, type QuarantineLimits } from '../../contracts/quarantine/options.ts';
import type { DecidedSignal, QuarantineInput, QuarantineSignal } from '../../contracts/quarantine/messages.ts';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineDecision } from '../../contracts/quarantine/decision.ts';
import type { QuarantineState } from '../../contracts/quarantine/state.ts';
import type { QuarantineView } from '../../contracts/quarantine/view.ts';
import type { SegmentFinding, SegmentSearch } from '../../contracts/quarantine/search.ts';
import type { EndedRun, RunSnapshot } from '../../contracts/run.ts';
import { truePredecessor } from '../shared/recovery/predecessor.ts';
import { runSnapshot, snapshotPage } from '../shared/recovery/snapshot.ts';
import { MarkPruner } from '../shared/mark-pruner.ts';
import { RunLimits } from '../shared/run-limits.ts';
import { Segments } from '../shared/segments/segments.ts';
import type { QuarantineVerb } from './verbs/parse.ts';
import {
  begun,
  redrive,
  lastRedriven,
  ended,
  enqueue,
  lookedThrough,
  nextStep,
  objection,
  refused,
  replaced,
  skipped,
  stillKeyless,
  stopped,
  withoutLargeJobs,
} from './verbs/jobs.ts';
import { logQuarantined } from './quarantine-log.ts';
import {
  carriedOver,
  countOf,
  emptyQuarantine,
  isLong,
  keep,
  movedToSegment,
  nextSegment,
  remembered,
  unacknowledgedOf,
  viewOf,
  withOne,
} from './state.ts';
import { recoverQuarantine } from './recovery.ts';
import { snapshotOf } from './snapshot.ts';
import { Turns } from '../shared/turns.ts';
import { startRedriving, startSearch, type Ended, type WorkInFlight } from './work.ts';

/** Segments that one step looks through. */
const SEGMENTS_A_STEP = 50;
/** Marks that a run carries on without asking whether some can be forgotten. */
const MARKS_CARRIED = 16;

interface Search {
  readonly segments: readonly SegmentName[];
}

export class QuarantineHost {
  readonly #input: QuarantineInput;
  readonly #limits: QuarantineLimits;
  readonly #run: RunLimits;
  readonly #segments: Segments<QuarantinedRecord>;
  #state: QuarantineState;
  #work: (WorkInFlight & Search) | undefined;
  /** Runs that began before there were segments and verbs have none. Each is undefined until it matters. */
  #hasSegments: boolean | undefined;
  #hasVerbs: boolean | undefined;
  /** The run from which this one takes over, until it has; what comes meanwhile waits. */
  #predecessor: EndedRun | undefined;
  readonly #early: (() => void)[] = [];
  /** The run ends now: whoever waits for an answer gets what there is. */
  #isLeaving = false;
  readonly #turns = new Turns();

  constructor(input: QuarantineInput) {
    const { pipeline, carried, limits = DEFAULT_QUARANTINE_LIMITS, predecessor } = input;
    this.#input = input;
    this.#predecessor = predecessor;
    this.#limits = limits;
    this.#run = new RunLimits(input.signalsPerRun);
    this.#state = carried === undefined ? emptyQuarantine(workflowInfo().startTime.getTime()) : carriedOver(carried);
    const { latestSegment } = this.#state;
    this.#segments = new Segments(pipeline, (records) => ({ version: 1, pipeline, records }), latestSegment);
  }

  view(): QuarantineView {
    const predecessor = this.#predecessor;
    return { ...viewOf(this.#state), ...(predecessor === undefined ? {} : { recovering: predecessor }) };
  }

  get count(): number {
    return countOf(this.#state);
  }

  /** For the run that recovers this one, when this one was terminated externally. */
  snapshot(): RunSnapshot<QuarantineState> {
    return runSnapshot(this.#predecessor, () => snapshotOf(this.#state));
  }

  snapshotPage(from: unknown): readonly QuarantinedRecord[] {
    return snapshotPage(this.#state.records, from);
  }

  /** Synchronous, and it never throws for what a signal holds (K2). */
  accept(signal: QuarantineSignal): void {
    this.#whenTakenOver(() => {
      const before = this.#state.records.length;
      this.#state = keep(this.#state, signal, this.#limits);
      logQuarantined(this.#input.pipeline, this.#state.records.slice(before));
    });
  }

  #whenTakenOver(then: () => void): void {
    this.#turns.input();
    if (this.#predecessor === undefined) then();
    else this.#early.push(then);
  }

  countSignal(): void {
    this.#run.countSignal();
    this.#turns.input();
  }

  objection(verb: QuarantineVerb): string | undefined {
    if (this.#predecessor !== undefined)
      return 'it takes over what it held when it was ended from outside: ask again soon';
    return objection(this.#state, verb);
  }

  /** When it cannot act that is kept among the decisions, since nobody waits for it. */
  signalVerb(verb: QuarantineVerb): void {
    this.countSignal();
    this.#whenTakenOver(() => {
      const why = this.objection(verb);
      const now = Date.now();
      this.#state =
        why === undefined
          ? enqueue(this.#state, verb, now, uuid4())
          : refused(this.#state, verb, why, now, uuid4(), this.#limits);
    });
  }

  /** What was decided, or what there is of it when this run ends: it goes on in the next. */
  async updateVerb(verb: QuarantineVerb): Promise<QuarantineDecision> {
    const id = uuid4();
    this.#state = enqueue(this.#state, verb, Date.now(), id);
    this.#turns.input();
    const isPending = () => this.#state.jobs.some(({ decision }) => decision.id === id);
    await CancellationScope.nonCancellable(() => condition(() => this.#isLeaving || !isPending()));
    const all = [...this.#state.jobs.map(({ decision }) => decision), ...this.#state.decisions];
    return all.find((decision) => decision.id === id) as QuarantineDecision;
  }

  /** Leaves by an exception when it continues as new. */
  async run(): Promise<void> {
    if (this.#predecessor !== undefined) await this.#takeOver(this.#predecessor);
    for (;;) {
      await this.#settleWork();
      while (this.#isTooLong() && (await this.#moveToSegment())) {
        // No verb waits while more and more records come.
        await this.#settleWork();
        if (!this.#run.isLong()) await this.#startWork();
      }
      if (this.#run.isLong()) await this.#continueAsNew();
      await this.#startWork();
      await condition(() => this.#hasNews());
      if (!this.#turns.begin(this.#run.stage)) await this.#turns.pause();
    }
  }

  async #takeOver(claimed: EndedRun): Promise<void> {
    const { pipeline } = this.#input;
    // A quarantine never ends by itself, so one that came before was ended externally.
    const predecessor = (await truePredecessor(claimed, this.#input.after)) ?? claimed;
    this.#predecessor = predecessor;
    this.#state = await recoverQuarantine(predecessor, {
      pipeline,
      limits: this.#limits,
      shorten: async (state) => {
        this.#state = state;
        while (this.#run.isLarge(this.#state) && (await this.#moveToSegment()));
        return this.#state;
      },
    });
    this.#predecessor = undefined;
    for (const each of this.#early.splice(0)) each();
  }

  #hasNews(): boolean {
    if (this.#isTooLong()) return true;
    if (this.#work !== undefined)
      return this.#work.ended !== undefined || (this.#run.isLong() && this.#run.isPressing());
    return this.#run.isLong() || (this.#hasVerbs !== false && this.#state.jobs.length > 0);
  }

  async #startWork(): Promise<void> {
    if (this.#work !== undefined || this.#state.jobs.length === 0) return;
    this.#hasVerbs ??= patched('verbs');
    if (!this.#hasVerbs) return;
    const { pipeline } = this.#input;
    const step = nextStep(this.#state, SEGMENTS_A_STEP);
    if (step.kind === 'begin') {
      await this.#moveAll();
      this.#state = begun(this.#state);
      // The next step needs nothing but this one.
      this.#turns.input();
    } else if (step.kind === 'end') {
      this.#state = ended(this.#state, this.#limits);
      this.#turns.input();
    } else if (step.kind === 'bring') {
      const { entries, first } = step.redrive;
      const segment = segmentWorkflowId(pipeline, step.redrive.segment);
      this.#work = Object.assign(
        startRedriving({ pipeline, segment, entries, first }, () => this.#turns.input()),
        { segments: [] },
      );
    } else if (step.kind === 'find') {
      const { from, selection, data, size, decision } = step.job;
      const segments = step.segments.map((name) => segmentWorkflowId(pipeline, name));
      const search: SegmentSearch = {
        pipeline,
        segments,
        from,
        selection,
        max: this.#limits.batch,
        ...(data === undefined ? {} : { data }),
        ...(size === undefined ? {} : { size }),
        decided: unacknowledgedOf(this.#state, step.segments),
      };
      this.#work = Object.assign(
        startSearch(search, decision.verb !== 'skip', () => this.#turns.input()),
        { segments: step.segments },
      );
    }
  }

  async #settleWork(): Promise<void> {
    const work = this.#work;
    if (work?.ended === undefined) return;
    this.#work = undefined;
    await this.#apply(work.ended, work.segments);
  }

  async #apply(end: Ended, segments: readonly SegmentName[]): Promise<void> {
    switch (end.kind) {
      case 'found':
        return this.#found(end.finding, segments);
      case 'lastRedriven': {
        const { segment, entries, undecided } = this.#state.redrive!;
        await this.#decided(
          segment,
          entries.map(({ index }) => index),
          undecided,
        );
        this.#state = lastRedriven(this.#state);
        return;
      }
      case 'failed':
        this.#state = ended(stopped(this.#state), this.#limits, end.why);
        return;
      case 'stopped':
    }
  }

  async #found(finding: SegmentFinding, segments: readonly SegmentName[]): Promise<void> {
    const { pipeline } = this.#input;
    const gone = segments.filter((name) => finding.gone.includes(segmentWorkflowId(pipeline, name)));
    const empty = segments.filter((name) => finding.empty?.includes(segmentWorkflowId(pipeline, name)));
    this.#state = lookedThrough(this.#state, finding, { gone, empty });
    const segment = finding.hit === undefined ? undefined : segments[finding.hit.at];
    const verb = this.#state.jobs[0]?.decision.verb;
    if (finding.hit === undefined || segment === undefined) return;
    const { undecided, records } = finding.hit;
    if (verb === 'skip') {
      await this.#decided(
        segment,
        records.map(({ index }) => index),
        undecided,
      );
      this.#state = skipped(this.#state, segment, finding.hit);
      return;
    }
    this.#state = stillKeyless(
      this.#state,
      records.filter(({ key }) => key === undefined),
    );
    const keyed = records.filter(({ key }) => key !== undefined);
    const [first] = keyed;
    if (first?.replacement !== undefined) {
      const own = await this.#segments.hold([first.replacement]);
      // Before the old one is out: whoever takes over after an end from outside must know of one of them (O5).
      this.#state = withOne(this.#state, own);
      await this.#decided(segment, [first.index], undecided);
      this.#state = replaced(this.#state, { segment, undecided, record: first }, own, Date.now());
    } else if (first !== undefined) {
      this.#state = redrive(this.#state, segment, { undecided, records: keyed }, Date.now());
    }
  }

  /** The segment is told which of its records are out, before anything else looks for what is in it. */
  async #decided(segment: SegmentName, indexes: readonly number[], undecided: number): Promise<void> {
    const workflowId = segmentWorkflowId(this.#input.pipeline, segment);
    if (indexes.length >= undecided) {
      await this.#segments.close(workflowId);
      return;
    }
    try {
      await getExternalWorkflowHandle(workflowId).signal<[DecidedSignal]>(SIGNALS.decided, { indexes });
    } catch (error) {
      log.error('A segment was ended from outside. What it held can be read for the time of retention', { error });
      this.#state = remembered(this.#state, segment, indexes);
    }
  }

  #isTooLong(): boolean {
    return this.#hasSegments !== false && isLong(this.#state, this.#limits.segments);
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
    if (this.#hasVerbs !== true) this.#hasSegments ??= patched('segments');
    if (this.#hasVerbs !== true && this.#hasSegments === false) return false;
    const records = nextSegment(this.#state, this.#limits.segments).slice(0, max);
    if (records.length === 0) return false;
    const segment = await this.#segments.hold(records);
    this.#state = movedToSegment(this.#state, records.length, segment);
    return true;
  }

  async #continueAsNew(): Promise<void> {
    const work = this.#work;
    if (work !== undefined) {
      if (!this.#run.isPressing()) return;
      // What was found is found again, and what was brought is brought again and dropped where it was accepted.
      work.scope.cancel();
      await condition(() => work.ended !== undefined);
      await this.#settleWork();
    }
    if (Object.keys(this.#state.marks).length > MARKS_CARRIED && patched('marks')) await this.#forgetOldMarks();
    while (this.#run.isLarge(this.#state) && (await this.#moveToSegment()));
    if (this.#run.isLarge(this.#state)) this.#state = withoutLargeJobs(this.#state, this.#limits);
    this.#isLeaving = true;
    await condition(() => allHandlersFinished());
    const { memo = {}, typedSearchAttributes } = workflowInfo();
    const { predecessor: _takenOver, after: _seen, ...input } = this.#input;
    const next: QuarantineInput = { ...input, carried: this.#state };
    await makeContinueAsNewFunc<(input: QuarantineInput) => Promise<void>>({ memo, typedSearchAttributes })(next);
  }

  async #forgetOldMarks(): Promise<void> {
    const { leaseMarginMs } = this.#limits;
    const marks = new MarkPruner(this.#input.pipeline, { leaseMarginMs, maxCarried: MARKS_CARRIED });
    const forgetting = await marks.forgetOld(this.#state);
    this.#state = { ...this.#state, ...forgetting(this.#state) };
  }
}
