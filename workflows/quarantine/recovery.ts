/**
 * What a quarantine takes over from a run that was ended from outside, as a lane does (workflows/lane/recovery.ts): the
 * state as of its last workflow task, and the records that it was sent after that (O5). What cannot be read any more is lost,
 * and is told.
 */
import { condition, workflowInfo } from '@temporalio/workflow';
import type { QuarantinedRecord } from '../../contracts/quarantine/record.ts';
import type { QuarantineLimits } from '../../contracts/quarantine/options.ts';
import type { QuarantineState } from '../../contracts/quarantine/state.ts';
import type { EndedRun, RunName, SignalsFrom } from '../../contracts/run.ts';
import { segmentWorkflowId } from '../../contracts/names.ts';
import { isQuarantineSignal } from '../shared/parsing.ts';
import { askForLeftSignals, askForLeftTail, askForRemains } from '../shared/questions.ts';
import { firstSegments, withoutFirst } from '../../contracts/lane/segment-ranges.ts';
import { takenOver } from './verbs/jobs.ts';
import { carriedOver, emptyQuarantine, keep, unacknowledgedOf, withLoss, withoutHolding } from './state.ts';
import { startSearch } from './work.ts';

export interface RecoveryDeps {
  readonly pipeline: string;
  readonly limits: QuarantineLimits;
  /** Moves what is too much for the state into segments. */
  readonly shorten: (state: QuarantineState) => Promise<QuarantineState>;
}

/** Segments that are counted at a time. */
const COUNTED = 50;

export async function recoverRun(ended: EndedRun, deps: RecoveryDeps): Promise<QuarantineState> {
  return await counted(await read(ended, deps), deps);
}

async function read(ended: EndedRun, deps: RecoveryDeps): Promise<QuarantineState> {
  const run: RunName = { workflowId: workflowInfo().workflowId, runId: ended.runId };
  const remains = await askForRemains(run);
  // Remembering since ever: what is dropped for being old is lost if that is wrong.
  if (remains === undefined) return withLoss(emptyQuarantine(0), lossOf(ended, 'What it held'));
  let state: QuarantineState;
  if (remains.kind === 'took over') state = await read(remains.predecessor, deps);
  else {
    // It is what the run says of itself, and a run of this id is a quarantine.
    const held = remains.state as unknown as QuarantineState | undefined;
    state = held === undefined ? emptyQuarantine(0) : takenOver(carriedOver(held), ended.how, deps.limits);
    for (let taken = 0; taken < remains.tail;) {
      const records = (await askForLeftTail(run, taken)) as unknown as readonly QuarantinedRecord[] | undefined;
      if (records === undefined || records.length === 0) return withLoss(state, lossOf(ended, 'Some of what it held'));
      state = await deps.shorten({ ...state, records: [...state.records, ...records] });
      taken += records.length;
    }
  }
  for (let from: SignalsFrom | undefined = remains.from; from !== undefined;) {
    const left = await askForLeftSignals(run, from);
    if (left === undefined) return withLoss(state, lossOf(ended, 'Some of what it was sent'));
    for (const signal of left.signals as readonly unknown[])
      if (isQuarantineSignal(signal)) state = keep(state, signal, deps.limits);
    state = await deps.shorten(state);
    from = left.next;
  }
  return state;
}

/** A segment may have been told more than the state of its run knows: its last task was over. */
async function counted(given: QuarantineState, { pipeline }: RecoveryDeps): Promise<QuarantineState> {
  let state = given;
  let held = 0;
  for (let left = given.segments; left.length > 0; left = withoutFirst(left, COUNTED)) {
    const names = firstSegments(left, COUNTED);
    const segments = names.map((name) => segmentWorkflowId(pipeline, name));
    const nothing = { selection: { kind: 'positions', positions: [] }, from: 0, max: 0 } as const;
    const search = startSearch(
      { pipeline, segments, ...nothing, decided: unacknowledgedOf(state, names) },
      false,
      () => {},
    );
    await condition(() => search.ended !== undefined);
    // Nothing but the count is wrong then, until all is decided on.
    if (search.ended?.kind !== 'found') return given;
    const { empty = [], undecided } = search.ended.finding;
    held += undecided;
    state = names.filter((_name, at) => empty.includes(segments[at] ?? '')).reduce(withoutHolding, state);
  }
  return { ...state, held };
}

function lossOf({ at, how, runId }: EndedRun, what: string): string {
  const when = new Date(at).toISOString();
  return (
    `The quarantine was ended from outside (${how} at ${when}, run ${runId}), and Temporal does not have that run any more. ` +
    `${what} could not be read.`
  );
}
