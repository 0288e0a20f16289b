/**
 * Which run a new run has to recover. Its starter looked at the latest run before it started this one. In between another process
 * may have started a run that was sent events and then terminated externally: what that one held must not be passed over (O5).
 */
import { log, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import { parseLatestRun } from '../../../contracts/recovery/parse.ts';
import type { RecoveryActivities } from '../../../contracts/recovery/messages.ts';
import type { EndedRun, LatestRun, StartedAfter } from '../../../contracts/run.ts';

/**
 * A start that comes sooner after the look at a completed run cannot have another run in between that was terminated: a request
 * takes no longer, and clocks differ by less. So a lane that comes back normally has nothing to ask.
 */
const SOON_MS = 10_000;
/** The list of runs, in which the run in between is looked up, lags behind. */
const LISTED_AFTER_MS = 2000;

/** A run that recovers can proceed without the answer: then it goes by what its starter saw. */
const activities = proxyActivities<Pick<RecoveryActivities, 'precedingRun'>>({
  startToCloseTimeout: '20s',
  heartbeatTimeout: '10s',
  scheduleToCloseTimeout: '2 minutes',
  retry: { maximumAttempts: 8, initialInterval: '500ms', maximumInterval: '10s' },
});

interface Started {
  readonly predecessor?: EndedRun;
  readonly after?: StartedAfter;
}

/** The run that this one may have to recover, as its starter saw it; undefined when it can begin at once. */
export function claimedPredecessor({ predecessor, after }: Started): EndedRun | undefined {
  if (predecessor !== undefined || after === undefined) return predecessor;
  const { runId, seenAt } = after;
  const isLate = Math.abs(workflowInfo().startTime.getTime() - seenAt) > SOON_MS;
  return isLate ? { runId, how: 'COMPLETED', at: seenAt } : undefined;
}

/**
 * The run that came just before this one, if it was terminated externally.
 * @param claimed what {@link claimedPredecessor} returned
 */
export async function truePredecessor(
  claimed: EndedRun,
  after: StartedAfter | undefined,
): Promise<EndedRun | undefined> {
  // A pool that starts a lane names the run to recover, and no one else starts its lanes.
  if (after === undefined) return claimed;
  await sleep(LISTED_AFTER_MS);
  const preceding = await precedingRun();
  if (preceding?.state === 'ended') return preceding.run;
  return preceding?.state === 'completed' || claimed.how === 'COMPLETED' ? undefined : claimed;
}

/** A handler that ran for the terminated run learns of its end with one of its heartbeats (O1). */
export async function untilQuiet({ at }: EndedRun, heartbeatTimeoutMs: number): Promise<void> {
  const quietAt = at + 2 * heartbeatTimeoutMs;
  if (quietAt > Date.now()) await sleep(quietAt - Date.now());
}

async function precedingRun(): Promise<LatestRun | undefined> {
  const { workflowId, runId } = workflowInfo();
  try {
    const parsed = parseLatestRun(await activities.precedingRun({ workflowId, runId }));
    if ('value' in parsed) return parsed.value;
    log.warn('The answer about the preceding run is malformed', { problem: parsed.problem });
    return undefined;
  } catch (error) {
    log.warn('It is not known whether another run was terminated in between', { error });
    return undefined;
  }
}
