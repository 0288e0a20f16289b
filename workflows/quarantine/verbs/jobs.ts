/**
 * The verbs of a person on the quarantine (O11), as pure functions.
 *
 * A verb is a job: it goes through the segments that are there when it begins, some records at a time, and what has come of
 * it so far is carried with it. One job is under way at a time, in the order in which they came, so no two verbs decide on
 * one record. A job that needs keys does each step in two: which records have which keys is fixed first, and is in the
 * state while they are brought to their lanes.
 */
import type { SegmentName } from '../../../contracts/lane/backlog.ts';
import { DECISION_DATA_CHARS } from '../../../contracts/lane/decision.ts';
import type { Redrive, QuarantineState } from '../../../contracts/quarantine/state.ts';
import type {
  DecidedRecord,
  QuarantineDecision,
  QuarantineJob,
  QuarantineVerbName,
  Selection,
} from '../../../contracts/quarantine/decision.ts';
import type { FoundRecord, SegmentFinding, SegmentHit } from '../../../contracts/quarantine/search.ts';
import type { QuarantineLimits } from '../../../contracts/quarantine/options.ts';
import { rejection, type Rejection, type RejectionCode } from '../../../contracts/rejection.ts';
import { dataText } from '../../../contracts/event/data-text.ts';
import { keptDecisions } from '../../shared/kept-decisions.ts';
import { firstSegments, withoutFirst } from '../../../contracts/lane/segment-ranges.ts';
import type { QuarantineVerb } from './parse.ts';
import { countOf, decided, withoutHolding } from '../state.ts';

/** Verbs that wait are carried from run to run. */
const MAX_JOBS = 3;
/** Each hole among the segments takes some bytes of what is carried. */
const MAX_RANGES = 300;
const MAX_RECORDS_LISTED = 3;
const MAX_LISTED_CHARS = DECISION_DATA_CHARS / 4;
const MAX_CAUSE_CHARS = 120;
/** In a lane, numbers only grow, also when a quarantine was ended or reset from outside and begins to count anew. */
const NUMBERS_PER_MS = 1000;

/** Why a verb cannot act; undefined when it may. */
export function objection(state: QuarantineState, verb: QuarantineVerb): Rejection | undefined {
  if (verb.problem !== undefined) return rejection('invalid-argument', verb.problem);
  if (countOf(state) === 0 && !clearsLoss(state, verb.name, verb.selection)) {
    return rejection('quarantine-empty', 'the quarantine is empty');
  }
  if (state.jobs.length >= MAX_JOBS) {
    return rejection('too-many-decisions', `${state.jobs.length} other decisions are in progress; try again later`);
  }
  if (state.segments.length >= MAX_RANGES && verb.selection?.kind !== 'all') {
    return rejection(
      'too-fragmented',
      'too many separate ranges of records have been decided on: decide on all records first',
    );
  }
  return undefined;
}

export function enqueue(state: QuarantineState, verb: QuarantineVerb, now: number, id: string): QuarantineState {
  const { selection, data, size } = verb;
  if (selection === undefined) return state;
  const decision: QuarantineDecision = { ...newDecision(verb, now, id), outcome: 'going on' };
  const job: QuarantineJob = { selection, ...sizedData(data, size), from: 0, decision };
  return { ...state, jobs: [...state.jobs, job] };
}

function sizedData(data: QuarantineVerb['data'], size: number | undefined): Pick<QuarantineJob, 'data' | 'size'> {
  return data === undefined ? {} : { data, ...(size === undefined ? {} : { size }) };
}

/** Keeps a refusal of a verb that came as a signal, to which there is no other answer. */
export function refused(
  state: QuarantineState,
  verb: QuarantineVerb,
  { code, why }: Rejection,
  now: number,
  id: string,
  limits: QuarantineLimits,
): QuarantineState {
  return recorded(state, { ...newDecision(verb, now, id), outcome: 'refused', why, code }, limits);
}

function newDecision(verb: QuarantineVerb, now: number, id: string): Omit<QuarantineDecision, 'outcome'> {
  const { name, by = 'unknown', reason } = verb;
  return {
    id,
    verb: name,
    at: now,
    by,
    ...(reason === undefined ? {} : { reason }),
    target: verb.selection === undefined ? 'nothing' : describeSelection(verb.selection),
    decided: 0,
    kept: 0,
    records: [],
  };
}

function describeSelection(selection: Selection): string {
  switch (selection.kind) {
    case 'all':
      return 'all records';
    case 'matching':
      return `records whose reason has ${JSON.stringify(selection.text)} in it`;
    case 'positions': {
      const [first = '', ...others] = selection.positions;
      return others.length === 0 ? first : `${selection.positions.length} records, the first is ${first}`;
    }
  }
}

/** What the job under way has to do next. `begin`: what is in no segment yet goes into one. */
export type NextStep =
  | { readonly kind: 'none' | 'begin' | 'end' }
  | { readonly kind: 'bring'; readonly redrive: Redrive }
  | { readonly kind: 'find'; readonly segments: readonly SegmentName[]; readonly job: QuarantineJob };

/** @param most segments that one step looks through */
export function nextStep({ jobs, redrive: onTheWay }: QuarantineState, max: number): NextStep {
  const job = jobs[0];
  if (job === undefined) return { kind: 'none' };
  if (onTheWay !== undefined) return { kind: 'bring', redrive: onTheWay };
  if (job.left === undefined) return { kind: 'begin' };
  const hasFoundAll = job.selection.kind === 'positions' && job.selection.positions.length === 0;
  if (job.left.length === 0 || hasFoundAll) return { kind: 'end' };
  return { kind: 'find', segments: firstSegments(job.left, max), job };
}

/** The job goes through all segments that there are now, and through none that comes later. */
export function begun(state: QuarantineState): QuarantineState {
  return withJob(state, (job) => ({ ...job, left: state.segments }));
}

/** A step has looked through some segments: what it found is still to be dealt with. */
export function lookedThrough(
  state: QuarantineState,
  { through, from }: SegmentFinding,
  { gone, empty }: { readonly gone: readonly SegmentName[]; readonly empty: readonly SegmentName[] },
): QuarantineState {
  const after = withJob(state, ({ left = [], ...job }) => ({ ...job, left: withoutFirst(left, through), from }));
  return gone.reduce(withoutGone, empty.reduce(withoutHolding, after));
}

/** Nobody has the segment any more. It is told, and stays in the count until a person leaves out all that there is. */
function withoutGone(state: QuarantineState, segment: SegmentName): QuarantineState {
  const job = state.jobs[0];
  const why = `the records of segment ${segment.epoch}-${segment.number} are gone: it was deleted, or terminated externally long ago`;
  const after = withJob(state, (each) => ({ ...each, decision: { ...each.decision, why } }));
  return job !== undefined && leavesAllOut(job.decision.verb, job.selection) ? withoutHolding(after, segment) : after;
}

function leavesAllOut(verb: QuarantineVerbName, selection: Selection | undefined): boolean {
  return verb === 'skip' && selection?.kind === 'all';
}

/** Who leaves out all that there is has heard of what is not there any more. */
function clearsLoss({ lost }: QuarantineState, verb: QuarantineVerbName, selection: Selection | undefined): boolean {
  return lost !== undefined && leavesAllOut(verb, selection);
}

/** These records of a segment are out for good. */
export function skipped(
  state: QuarantineState,
  segment: SegmentName,
  { undecided, records }: Pick<SegmentHit, 'undecided' | 'records'>,
): QuarantineState {
  const after = decided(state, segment, { count: records.length, undecided });
  return withJob(after, (job) => counted(told(job, records), records.length));
}

/** Their keys are found, and are theirs from now on. They stay in the quarantine until each lane has accepted. */
export function redrive(
  state: QuarantineState,
  segment: SegmentName,
  { undecided, records }: Pick<SegmentHit, 'undecided' | 'records'>,
  now: number,
): QuarantineState {
  const entries = records.flatMap(({ index, key }) => (key === undefined ? [] : [{ index, key }]));
  const first = Math.max(state.lastRedriven + 1, now * NUMBERS_PER_MS);
  return { ...withJob(state, (job) => told(job, records)), redrive: { segment, undecided, entries, first } };
}

/** The record has new data, in a segment of its own that is known already; the old one is out. */
export function replaced(
  state: QuarantineState,
  old: { readonly segment: SegmentName; readonly undecided: number; readonly record: FoundRecord },
  segment: SegmentName,
  now: number,
): QuarantineState {
  const after = decided(state, old.segment, { count: 1, undecided: old.undecided });
  const job = withJob(after, ({ data: _data, size: _size, ...rest }) => rest);
  return redrive(job, segment, { undecided: 1, records: [{ ...old.record, index: 0 }] }, now);
}

/** Every lane has accepted. */
export function lastRedriven(state: QuarantineState): QuarantineState {
  const { redrive: done, ...rest } = state;
  if (done === undefined) return state;
  const { segment, undecided, entries, first } = done;
  const after = decided(rest, segment, { count: entries.length, undecided });
  return { ...withJob(after, (job) => counted(job, entries.length)), lastRedriven: first + entries.length - 1 };
}

/** The present key function has no key for these either. */
export function stillKeyless(state: QuarantineState, records: readonly FoundRecord[]): QuarantineState {
  const [first] = records;
  if (first === undefined) return state;
  return withJob(state, (job) => {
    const { position, reason } = first;
    const { firstKept = { position, reason }, kept } = job.decision;
    const decision = { ...job.decision, kept: kept + records.length, firstKept };
    return { ...job, selection: without(job.selection, records), decision };
  });
}

/** They cannot be brought, and it is not known which lanes have some of them: their numbers are not used again. */
export function stopped(state: QuarantineState): QuarantineState {
  const { redrive: given, ...rest } = state;
  return given === undefined ? state : { ...rest, lastRedriven: given.first + given.entries.length - 1 };
}

/** A next run is not given what is too large for it. */
export function withoutLargeJobs(state: QuarantineState, limits: QuarantineLimits): QuarantineState {
  const why = 'the new data is large, and the run of the quarantine ended before its turn came: ask again';
  const jobs = state.jobs.filter(({ data }) => data === undefined);
  return state.jobs
    .filter(({ data }) => data !== undefined)
    .reduce<QuarantineState>(
      (left, { decision }) => recorded(left, { ...decision, outcome: 'refused', why, code: 'interrupted' }, limits),
      {
        ...state,
        jobs,
      },
    );
}

/**
 * The state of a terminated run as the next run continues it. Verbs are aborted: they may be the reason why the run was terminated,
 * and their callers have got no answer. Only records that are being redriven are still redriven, with the same keys and numbers:
 * some of the lanes may have them already (O6).
 */
export function recoveredState(state: QuarantineState, how: string, limits: QuarantineLimits): QuarantineState {
  const why = `the quarantine was terminated externally (${how}) before all of it was done: ask again for the rest`;
  const [first, ...others] = state.jobs;
  const onTheWay = state.redrive === undefined ? undefined : first;
  const left = onTheWay === undefined ? state.jobs : others;
  const after = left.reduce<QuarantineState>(
    (rest, { decision }) => recorded(rest, { ...decision, ...outcomeOf(decision, 'interrupted'), why }, limits),
    state,
  );
  if (onTheWay === undefined) return { ...after, jobs: [] };
  const { decision, from } = onTheWay;
  const rest = { selection: { kind: 'positions', positions: [] }, left: [], from } as const;
  return { ...after, jobs: [{ ...rest, decision: { ...decision, why } }] };
}

/** The job is done with, and what has come of it is kept. */
export function ended(state: QuarantineState, limits: QuarantineLimits, why?: string): QuarantineState {
  const [job, ...jobs] = state.jobs;
  if (job === undefined) return state;
  const { decision, selection } = job;
  const rest = { ...state, jobs };
  if (why === undefined && clearsLoss(state, decision.verb, selection)) return withoutLoss(rest, decision, limits);
  const missing = selection.kind === 'positions' && why === undefined ? missingText(selection.positions) : undefined;
  const nothing = decision.decided + decision.kept === 0 ? 'there is no such record' : undefined;
  const still = decision.kept === 0 ? undefined : `${decision.kept} still without a key`;
  const whole = [why, decision.why, still, missing ?? nothing].filter((each) => each !== undefined).join('; ');
  const code = why !== undefined ? 'interrupted' : still === undefined ? 'record-not-found' : 'still-without-key';
  const outcome = outcomeOf(decision, code);
  return recorded(rest, { ...decision, ...outcome, ...(whole === '' ? {} : { why: whole }) }, limits);
}

/** A job that has taken at least one record out of the quarantine has changed something. */
function outcomeOf({ decided: count }: QuarantineDecision, code: RejectionCode) {
  return count > 0 ? ({ outcome: 'done' } as const) : ({ outcome: 'refused', code } as const);
}

/** The loss is kept with the decision (O11). */
function withoutLoss(
  { lost, ...state }: QuarantineState,
  decision: QuarantineDecision,
  limits: QuarantineLimits,
): QuarantineState {
  const why = [decision.why, lost].filter((each) => each !== undefined).join('; ');
  return recorded(state, { ...decision, outcome: 'done', why }, limits);
}

function missingText([first, ...others]: readonly string[]): string | undefined {
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return `${first}${more} ${others.length === 0 ? 'is' : 'are'} not in the quarantine`;
}

function recorded(state: QuarantineState, decision: QuarantineDecision, limits: QuarantineLimits): QuarantineState {
  return { ...state, decisions: keptDecisions([...state.decisions, decision], limits.decisionsKept) };
}

function withJob(state: QuarantineState, change: (job: QuarantineJob) => QuarantineJob): QuarantineState {
  const [job, ...others] = state.jobs;
  return job === undefined ? state : { ...state, jobs: [change(job), ...others] };
}

function without(selection: Selection, records: readonly FoundRecord[]): Selection {
  if (selection.kind !== 'positions') return selection;
  const found = new Set(records.map(({ position }) => position));
  return { kind: 'positions', positions: selection.positions.filter((position) => !found.has(position)) };
}

function counted(job: QuarantineJob, count: number): QuarantineJob {
  return { ...job, decision: { ...job.decision, decided: job.decision.decided + count } };
}

/** These records are what the job is about; the first few are named in what is kept of it. */
function told(job: QuarantineJob, records: readonly FoundRecord[]): QuarantineJob {
  const { decision } = job;
  const more = records.slice(0, MAX_RECORDS_LISTED - decision.records.length).map(toldRecord);
  return {
    ...job,
    selection: without(job.selection, records),
    decision: { ...decision, records: [...decision.records, ...more] },
  };
}

function toldRecord({ position, reason, key, data, claim, replacement }: FoundRecord): DecidedRecord {
  return {
    position,
    reason: reason.slice(0, MAX_CAUSE_CHARS),
    ...(key === undefined ? {} : { key: key.slice(0, MAX_CAUSE_CHARS) }),
    dataBefore: data.slice(0, MAX_LISTED_CHARS),
    // What is brought as it is belongs to its lane.
    ...(claim === undefined || (key !== undefined && replacement === undefined) ? {} : { claimBefore: claim }),
    ...(replacement === undefined ? {} : { dataAfter: dataText(replacement.data).slice(0, MAX_LISTED_CHARS) }),
  };
}
