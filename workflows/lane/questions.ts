/** What a lane asks its worker, by local activities: a marker in the history, and nobody else is woken. */
import { isCancellation, log, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { SegmentSlice, SliceAnswer } from '../../contracts/backlog.ts';
import type { AskingActivities, PendingEvent } from '../../contracts/handling.ts';
import { checkpointsOf, type Checkpoints } from './marks.ts';

const ask = proxyLocalActivities<AskingActivities>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 3, initialInterval: '200ms' },
});

/** Temporal counts the attempts of a pending activity and tells nobody when it is canceled: so ask before. */
export async function askForPendingEvent(): Promise<PendingEvent | undefined> {
  const { workflowId, runId } = workflowInfo();
  try {
    return (await ask.pendingEvent({ workflowId, runId })) ?? undefined;
  } catch (error) {
    log.warn('The attempts so far are not known; the retries may be more than the settings say', { error });
    return undefined;
  }
}

/** The durable checkpoints of these shards; undefined when nobody could say. */
export async function askForCheckpoints(
  pipeline: string,
  shardIds: readonly string[],
): Promise<Checkpoints | undefined> {
  try {
    return checkpointsOf(shardIds, await ask.checkpoints(pipeline, shardIds));
  } catch (error) {
    log.warn('The checkpoints are not known, so the lane goes on remembering', { error });
    return undefined;
  }
}

/**
 * A segment's events, as many as a lane takes back at a time; undefined when they could not be had.
 * @param slice.segment workflow id
 */
export async function askForSlice(slice: SegmentSlice): Promise<SliceAnswer | undefined> {
  try {
    return await ask.slice(slice);
  } catch (error) {
    if (isCancellation(error)) return undefined;
    log.error('The backlog cannot be read; the lane waits and tries again', { error, segment: slice.segment });
    return undefined;
  }
}
