/**
 * What a lane asks its worker, by activities.
 *
 * Local ones would be a marker in the history and wake nobody else. But the SDK (1.24) was seen to lose such a marker when a
 * query came for a lane that was not in memory, just as it was asking: a history that does not replay, and a lane that
 * stands still for good (O5). And while one is on its way the server's buffer fills, which takes 100 signals (O9).
 */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  log,
  patched,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { SEGMENT_GONE, type SegmentSlice, type SliceAnswer } from '../../contracts/lane/backlog.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { RUN_GONE, type RunName, type SignalsFrom } from '../../contracts/run.ts';
import type { LatestRun, LeftSignals, Remains } from '../../contracts/recovery.ts';
import type { AskingActivities, PendingEvent } from '../../contracts/questions.ts';
import { isSliceAnswer } from './parsing.ts';
import { checkpointsOf, type Checkpoints } from './marks.ts';

const RETRY = { maximumAttempts: 3, initialInterval: '200ms' } as const;

/** A lane goes on without the answer when no worker has a place for the question. */
const shortly = proxyActivities<AskingActivities>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '30s',
  retry: RETRY,
});

/** Runs that began with local ones go on with them. */
const locally = proxyLocalActivities<AskingActivities>({ startToCloseTimeout: '10s', retry: RETRY });

const ask = (): typeof shortly => (patched('questions by activities') ? shortly : locally);

/** A lane has nothing else to do before it has this. */
const askPatiently = proxyActivities<AskingActivities>({ startToCloseTimeout: '10s', retry: RETRY });

/** Histories may be long, and who has to know before it begins can wait: about an hour. */
const askLong = proxyActivities<AskingActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10s',
  retry: { maximumAttempts: 120, initialInterval: '1s', maximumInterval: '30s' },
});

/** Temporal counts the attempts of a pending activity and tells nobody when it is canceled: so ask before. */
export async function askForPendingEvent(): Promise<PendingEvent | undefined> {
  const { workflowId, runId } = workflowInfo();
  try {
    return (await ask().pendingEvent({ workflowId, runId })) ?? undefined;
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
    return checkpointsOf(shardIds, await ask().checkpoints(pipeline, shardIds));
  } catch (error) {
    log.warn('The checkpoints are not known, so the lane goes on remembering', { error });
    return undefined;
  }
}

/**
 * A segment's events, as many as a lane takes back at a time. `gone` when nobody will ever have them again, `stopped` when
 * the lane does not want them any more, undefined when they could not be had just now.
 */
export async function askForSlice(slice: SegmentSlice): Promise<SliceAnswer | 'gone' | 'stopped' | undefined> {
  try {
    const answer = await askPatiently.slice(slice);
    if (isSliceAnswer(answer)) return answer;
    log.error('A segment was read and its events cannot be used; it is read again', { segment: slice.segment });
    return undefined;
  } catch (error) {
    if (isCancellation(error)) return 'stopped';
    log.error('The backlog cannot be read', { error, segment: slice.segment });
    return isOfType(error, SEGMENT_GONE) ? 'gone' : undefined;
  }
}

/** Undefined when it cannot be had any more, or for so long that the lane must not wait for it. */
export async function askForRemains(run: RunName): Promise<Remains | undefined> {
  return await unlessLost(run, () => askLong.remains(run));
}

/** The same of a lane that has ended as it should. `gone` when Temporal has forgotten it, undefined when nobody could say just now. */
export async function askForEnd(run: RunName): Promise<Remains | 'gone' | undefined> {
  try {
    return await shortly.remains(run);
  } catch (error) {
    log.warn('What a lane had finished when it ended is not known', { error, run: run.runId });
    return isOfType(error, RUN_GONE) ? 'gone' : undefined;
  }
}

export async function askForLeftTail(run: RunName, from: number): Promise<readonly LaneEvent[] | undefined> {
  return await unlessLost(run, () => askLong.leftTail(run, from));
}

export async function askForLeftSignals(run: RunName, from: SignalsFrom): Promise<LeftSignals | undefined> {
  return await unlessLost(run, () => askLong.leftSignals(run, from));
}

/** A run that takes over can go on without the answer: then what its starter has seen counts. */
const askBriefly = proxyActivities<AskingActivities>({
  startToCloseTimeout: '20s',
  heartbeatTimeout: '10s',
  scheduleToCloseTimeout: '2 minutes',
  retry: { maximumAttempts: 8, initialInterval: '500ms', maximumInterval: '10s' },
});

/** How the run before this one is; undefined when it cannot be learned. */
export async function askForPrecedingRun(): Promise<LatestRun | undefined> {
  const { workflowId, runId } = workflowInfo();
  try {
    return await askBriefly.precedingRun({ workflowId, runId });
  } catch (error) {
    log.warn('Whether there was another run in between is not known', { error });
    return undefined;
  }
}

/** How the latest run of a lane is; undefined when nobody could say. */
export async function askForLatestRun(workflowId: string): Promise<LatestRun | undefined> {
  try {
    return await shortly.latestRun(workflowId);
  } catch (error) {
    log.warn('How a lane has ended is not known', { error, workflowId });
    return undefined;
  }
}

async function unlessLost<T>(run: RunName, question: () => Promise<T>): Promise<T | undefined> {
  try {
    return await question();
  } catch (error) {
    log.error('What an ended run of the lane held cannot be read', { error, run: run.runId });
    return undefined;
  }
}

function isOfType(error: unknown, type: string): boolean {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === type;
}
