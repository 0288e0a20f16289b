import { workflowInfo } from '@temporalio/workflow';
import type { LaneOptions } from '../../contracts/lane/options.ts';
import type { LaneState } from '../../contracts/lane/state.ts';
import type { EndedRun, RunName, SignalsFrom } from '../../contracts/run.ts';
import type { Remains } from '../../contracts/recovery.ts';
import { append } from './core/backlog.ts';
import { isRecordsSignal } from '../shared/parsing.ts';
import { takenOver, withLoss } from './core/loss.ts';
import { accept, emptyLane } from './core/machine.ts';
import { askForLeftSignals, askForLeftTail, askForRemains } from '../shared/questions.ts';

/** Moves a long backlog into segments. */
type Shorten = (lane: LaneState) => Promise<LaneState>;

/**
 * The lane as a run left it that was ended from outside, and everything that was sent to it after its last task (O5).
 * What cannot be read any more is lost, and the lane says so.
 */
export async function recoverRun(ended: EndedRun, options: LaneOptions, shorten: Shorten): Promise<LaneState> {
  const run = runOf(ended);
  const remains = await askForRemains(run);
  // Remembering since ever: what is dropped for being old is lost if that is wrong.
  if (remains === undefined) return withLoss(emptyLane(0), lossOf(ended, 'What it held'));
  let lane =
    remains.kind === 'took over'
      ? await recoverRun(remains.predecessor, options, shorten)
      : await heldBy(ended, remains, shorten);
  for (let from: SignalsFrom | undefined = remains.from; from !== undefined;) {
    const left = await askForLeftSignals(run, from);
    if (left === undefined) return withLoss(lane, lossOf(ended, 'Some of what it was sent'));
    for (const signal of left.signals) if (isRecordsSignal(signal)) lane = accept(lane, signal, options);
    lane = await shorten(lane);
    from = left.next;
  }
  return lane;
}

/** The ended run's own state, its tail after the rest. */
async function heldBy(
  ended: EndedRun,
  { state = emptyLane(0), queue: left = 0, tail }: Remains & { readonly kind: 'held' },
  shorten: Shorten,
): Promise<LaneState> {
  const queue = [...state.queue];
  while (queue.length < left) {
    const events = await askForLeftTail(runOf(ended), queue.length);
    // The head is among what is gone, so the state of its failure says nothing of what comes first now.
    if (events === undefined || events.length === 0) {
      const rest = takenOver({ ...state, queue, ...(queue.length === 0 ? { phase: { state: 'idle' } } : {}) });
      return withLoss(rest, lossOf(ended, 'Some of what it held'));
    }
    queue.push(...events);
  }
  let lane = takenOver({ ...state, queue });
  for (let taken = left; taken < left + tail;) {
    const events = await askForLeftTail(runOf(ended), taken);
    if (events === undefined || events.length === 0) return withLoss(lane, lossOf(ended, 'Some of what it held'));
    lane = await shorten({ ...lane, ...append(lane, events) });
    taken += events.length;
  }
  return lane;
}

function runOf({ runId }: EndedRun): RunName {
  return { workflowId: workflowInfo().workflowId, runId };
}

function lossOf({ at, how, runId }: EndedRun, what: string): string {
  const when = new Date(at).toISOString();
  return `This lane was ended from outside (${how} at ${when}, run ${runId}). ${what} could not be read: events may be missing here.`;
}
