/**
 * The verbs of a person on the quarantine (O11), as pure functions.
 *
 * A verb is a job: it goes through the segments that are there when it begins, some records at a time, and what has come of
 * it so far is carried with it. One job is under way at a time, in the order in which they came, so no two verbs decide on
 * one record. A job that needs keys does each step in two: which records have which keys is fixed first, and is in the
 * state while they are brought to their lanes.
 */
import type { SegmentName } from '../../contracts/backlog.ts';
import { formatPosition, parsePosition } from '../../contracts/position.ts';
import { DECISION_DATA_CHARS } from '../../contracts/lane.ts';
import {
  MOST_POSITIONS,
  type Bringing,
  type DecidedRecord,
  type FoundRecord,
  type QuarantineDecision,
  type QuarantineJob,
  type QuarantineLimits,
  type QuarantineState,
  type SegmentFinding,
  type Selection,
} from '../../contracts/quarantine.ts';
import { countSegments, firstSegments, withoutFirst, withoutSegment } from '../segment-ranges.ts';
import { dataText } from '../lane/decide.ts';
import { countOf, decided } from './state.ts';
import type { QuarantineVerb } from './inputs.ts';

/** Verbs that wait are carried from run to run. */
const MOST_JOBS = 8;
/** Each hole among the segments takes some bytes of what is carried. */
const MOST_RANGES = 500;
const RECORDS_TOLD = 4;
const TOLD_CHARS = DECISION_DATA_CHARS / RECORDS_TOLD;
const MISSING_TOLD = 3;
/** In a lane, numbers only grow, also when a quarantine was ended or reset from outside and begins to count anew. */
const NUMBERS_PER_MS = 1000;

/** Why a verb cannot act; undefined when it may. */
export function objection(state: QuarantineState, verb: QuarantineVerb): string | undefined {
  if (verb.problem !== undefined) return verb.problem;
  if (countOf(state) === 0) return 'the quarantine is empty';
  if (state.jobs.length >= MOST_JOBS) return `${state.jobs.length} others are being carried out; ask again later`;
  if (state.segments.length >= MOST_RANGES && verb.selection?.kind !== 'all') {
    return 'too many stretches of it have been decided on one by one: decide on all of it first';
  }
  return undefined;
}

export function enqueue(state: QuarantineState, verb: QuarantineVerb, now: number, id: string): QuarantineState {
  const { selection, data } = verb;
  if (selection === undefined) return state;
  const decision: QuarantineDecision = { ...newDecision(verb, now, id), outcome: 'going on' };
  const job: QuarantineJob = { selection, ...(data === undefined ? {} : { data }), from: 0, decision };
  return { ...state, jobs: [...state.jobs, job] };
}

/** Keeps a refusal of a verb that came as a signal, to which there is no other answer. */
export function refused(
  state: QuarantineState,
  verb: QuarantineVerb,
  why: string,
  now: number,
  id: string,
  limits: QuarantineLimits,
): QuarantineState {
  return recorded(state, { ...newDecision(verb, now, id), outcome: 'refused', why }, limits);
}

function newDecision(verb: QuarantineVerb, now: number, id: string): Omit<QuarantineDecision, 'outcome'> {
  const { name, by = 'unknown', reason } = verb;
  return {
    id,
    verb: name,
    at: now,
    by,
    ...(reason === undefined ? {} : { reason }),
    on: verb.selection === undefined ? 'nothing' : wordsFor(verb.selection),
    decided: 0,
    kept: 0,
    records: [],
  };
}

function wordsFor(selection: Selection): string {
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

/** What the job under way has to do next. `begin`: everything that is in no segment yet goes into one first. */
export type NextStep =
  | { readonly kind: 'none' | 'begin' | 'end' }
  | { readonly kind: 'bring'; readonly bringing: Bringing }
  | { readonly kind: 'find'; readonly segments: readonly SegmentName[]; readonly job: QuarantineJob };

/** @param most segments that one step looks through */
export function nextStep({ jobs, bringing, records }: QuarantineState, most: number): NextStep {
  const job = jobs[0];
  if (job === undefined) return { kind: 'none' };
  if (bringing !== undefined) return { kind: 'bring', bringing };
  if (job.left === undefined) return { kind: records.length > 0 ? 'begin' : 'find', job, segments: [] } as NextStep;
  const isFound = job.selection.kind === 'positions' && job.selection.positions.length === 0;
  if (job.left.length === 0 || isFound) return { kind: 'end' };
  return { kind: 'find', segments: firstSegments(job.left, most), job };
}

/** The job goes through all segments that there are now, and through none that comes later. */
export function begun(state: QuarantineState): QuarantineState {
  return withJob(state, (job) => ({ ...job, left: state.segments }));
}

/** A step has looked through some segments: what it found is still to be dealt with. */
export function lookedThrough(state: QuarantineState, { through, from, gone }: SegmentFinding): QuarantineState {
  return withJob(state, (job) => {
    const { decision, left = [] } = job;
    const why = gone.length === 0 ? {} : { why: goneText(gone, decision.why) };
    return { ...job, left: withoutFirst(left, through), from, decision: { ...decision, ...why } };
  });
}

/** Segments that nobody has any more: a person who leaves out all that there is lets go of them too. */
export function withoutGone(state: QuarantineState, gone: readonly SegmentName[]): QuarantineState {
  const job = state.jobs[0];
  if (job?.decision.verb !== 'skip' || job.selection.kind !== 'all') return state;
  const segments = gone.reduce(withoutSegment, state.segments);
  // How much they held is known when they were all.
  return { ...state, segments, held: segments.length === 0 ? 0 : state.held };
}

/** Records of a segment are out, by what the job does. */
export function out(
  state: QuarantineState,
  segment: SegmentName,
  undecided: number,
  records: readonly FoundRecord[],
): QuarantineState {
  const after = decided(state, segment, { count: records.length, undecided });
  return withJob(after, (job) => told({ ...job, selection: without(job.selection, records) }, records));
}

/** Their keys are found: they stay in the quarantine until each lane has accepted. */
export function bringing(
  state: QuarantineState,
  segment: SegmentName,
  undecided: number,
  records: readonly FoundRecord[],
  now: number,
): QuarantineState {
  const entries = records.flatMap(({ index, key }) => (key === undefined ? [] : [{ index, key }]));
  if (entries.length === 0) return state;
  const first = Math.max(state.brought + 1, now * NUMBERS_PER_MS);
  const job = (each: QuarantineJob): QuarantineJob => {
    return { ...told({ ...each, selection: without(each.selection, records) }, []), ...{} };
  };
  return { ...withJob(state, job), bringing: { segment, undecided, entries, first } };
}

/** Every lane has accepted. */
export function brought(state: QuarantineState): QuarantineState {
  const { bringing: done, ...rest } = state;
  if (done === undefined) return state;
  const { segment, undecided, entries, first } = done;
  const after = decided(rest, segment, { count: entries.length, undecided });
  return { ...after, brought: first + entries.length - 1 };
}

/** Records that the present key function has no key for either. */
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

/** The job is done with, and what has come of it is kept. */
export function ended(state: QuarantineState, limits: QuarantineLimits, why?: string): QuarantineState {
  const [job, ...jobs] = state.jobs;
  if (job === undefined) return state;
  const missing = job.selection.kind === 'positions' ? job.selection.positions : [];
  const reasons = [why, job.decision.why, missing.length === 0 ? undefined : missingText(missing)];
  const text = reasons.filter((each) => each !== undefined).join('; ');
  const { decided: count, kept } = job.decision;
  const nothing = kept > 0 ? 'no record has a key by now' : 'there is no such record';
  const outcome = count > 0 ? 'done' : 'refused';
  const reason = text === '' && count === 0 ? nothing : text;
  const decision = { ...job.decision, outcome, ...(reason === '' ? {} : { why: reason }) } as const;
  return recorded({ ...state, jobs }, decision, limits);
}

function recorded(state: QuarantineState, decision: QuarantineDecision, limits: QuarantineLimits): QuarantineState {
  return { ...state, decisions: [...state.decisions, decision].slice(-limits.decisionsKept) };
}

function withJob(state: QuarantineState, change: (job: QuarantineJob) => QuarantineJob): QuarantineState {
  const [job, ...others] = state.jobs;
  return job === undefined ? state : { ...state, jobs: [change(job), ...others] };
}
