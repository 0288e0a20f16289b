/**
 * What lanes, pools and quarantines ask their worker, by activities.
 *
 * Local activities would cost only a marker in the history. But the SDK (1.24) was seen to lose such a marker when a query came
 * for a lane that was not in memory, just as the lane asked: a history that does not replay, and a lane that makes no progress
 * ever again (O5). And while one is in flight the server's buffer fills, which takes 100 signals (O9).
 */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  log,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { SEGMENT_GONE, type SegmentSlice, type SliceAnswer } from '../../contracts/lane/backlog.ts';
import { parseSliceAnswer } from '../../contracts/lane/parse.ts';
import { parseLatestRun } from '../../contracts/recovery/parse.ts';
import type { LatestRun } from '../../contracts/run.ts';
import type { QuestionActivities, PendingEvent } from '../../contracts/questions.ts';
import { checkpointsOf, type Checkpoints } from './marks.ts';

const RETRY = { maximumAttempts: 3, initialInterval: '200ms' } as const;

/** A workflow proceeds without the answer when no worker has a slot for the question. */
const withTimeout = proxyActivities<QuestionActivities>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '30s',
  retry: RETRY,
});

/** A lane has nothing else to do before it has the answer. */
const untilAnswered = proxyActivities<QuestionActivities>({ startToCloseTimeout: '10s', retry: RETRY });

/** Temporal counts the attempts of a pending activity, and does not report the count when it is canceled: so ask before. */
export async function askForPendingEvent(): Promise<PendingEvent | undefined> {
  const { workflowId, runId } = workflowInfo();
  try {
    return (await withTimeout.pendingEvent({ workflowId, runId })) ?? undefined;
  } catch (error) {
    log.warn('The number of attempts so far is not known; there may be more retries than the settings say', { error });
    return undefined;
  }
}

/** The durable checkpoints of these shards; undefined when they could not be read. */
export async function askForCheckpoints(
  pipeline: string,
  shardIds: readonly string[],
): Promise<Checkpoints | undefined> {
  try {
    return checkpointsOf(shardIds, await withTimeout.checkpoints(pipeline, shardIds));
  } catch (error) {
    log.warn('The checkpoints are not known, so no mark is forgotten', { error });
    return undefined;
  }
}

/**
 * Events of a segment, as many as a lane takes back at a time. `gone` when Temporal does not have the segment anymore, `stopped`
 * when the lane canceled the question, undefined when they could not be read just now.
 */
export async function askForSlice(slice: SegmentSlice): Promise<SliceAnswer | 'gone' | 'stopped' | undefined> {
  try {
    const answer = await untilAnswered.slice(slice);
    const parsed = parseSliceAnswer(answer);
    if ('value' in parsed) return parsed.value;
    log.error('The events of a segment are malformed; it is read again', {
      problem: parsed.problem,
      segment: slice.segment,
    });
    return undefined;
  } catch (error) {
    if (isCancellation(error)) return 'stopped';
    log.error('The backlog cannot be read', { error, segment: slice.segment });
    return isOfType(error, SEGMENT_GONE) ? 'gone' : undefined;
  }
}

/** The state of the latest run of a lane; undefined when it could not be read just now. */
export async function askForLatestRun(workflowId: string): Promise<LatestRun | undefined> {
  try {
    const parsed = parseLatestRun(await withTimeout.latestRun(workflowId));
    if ('value' in parsed) return parsed.value;
    log.warn('The answer about the latest run of a lane is malformed', { problem: parsed.problem, workflowId });
  } catch (error) {
    log.warn('The state of a lane is not known', { error, workflowId });
  }
  return undefined;
}

function isOfType(error: unknown, type: string): boolean {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === type;
}
