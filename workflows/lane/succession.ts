import { workflowInfo } from '@temporalio/workflow';
import type { LaneOptions, LaneState } from '../../contracts/lane.ts';
import type { EndedRun, SignalsFrom } from '../../contracts/remains.ts';
import { takenOver, withLoss } from './loss.ts';
import { accept, emptyLane } from './machine.ts';
import { askForLeftSignals, askForRemains } from './questions.ts';

/**
 * The lane as a run left it that was ended from outside, and everything that was sent to it after its last task (O5).
 * What cannot be read any more is lost, and the lane says so.
 *
 * @param shorten moves a long backlog into segments
 */
export async function succeed(
  ended: EndedRun,
  options: LaneOptions,
  shorten: (lane: LaneState) => Promise<LaneState>,
): Promise<LaneState> {
  const run = { workflowId: workflowInfo().workflowId, runId: ended.runId };
  const remains = await askForRemains(run);
  // Remembering since ever: what is dropped for being old is lost if that is wrong.
  if (remains === undefined) return withLoss(emptyLane(0), lossOf(ended, 'What it held'));
  let lane =
    remains.kind === 'took over'
      ? await succeed(remains.predecessor, options, shorten)
      : takenOver(remains.state ?? emptyLane(0));
  for (let from: SignalsFrom | undefined = remains.from; from !== undefined;) {
    const left = await askForLeftSignals(run, from);
    if (left === undefined) return withLoss(lane, lossOf(ended, 'Some of what it was sent'));
    for (const signal of left.signals) lane = accept(lane, signal, options);
    lane = await shorten(lane);
    from = left.next;
  }
  return lane;
}

function lossOf({ at, how, runId }: EndedRun, what: string): string {
  const when = new Date(at).toISOString();
  return `This lane was ended from outside (${how} at ${when}, run ${runId}). ${what} could not be read: events may be missing here.`;
}
