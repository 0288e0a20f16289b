/**
 * Which run a new one has to take over from. Its starter has looked at the latest run before it began this one, and in between
 * another process may have begun a run, which was sent events and ended externally: it must not be passed over (O5).
 */
import { sleep, workflowInfo } from '@temporalio/workflow';
import type { StartedAfter, EndedRun } from '../../contracts/run.ts';
import { askForPrecedingRun } from './questions.ts';

/** A request takes no longer, so that a lane which comes back has nothing to ask; and clocks differ by less. */
const SOON_MS = 10_000;
/** The list of runs, in which the run in between is looked for, lags behind. */
const LISTED_AFTER_MS = 2000;

interface Begun {
  readonly predecessor?: EndedRun;
  readonly after?: StartedAfter;
}

/** A run that the new one may have to take over from; undefined when it may begin at once. */
export function claimedPredecessor({ predecessor, after }: Begun): EndedRun | undefined {
  if (predecessor !== undefined || after === undefined) return predecessor;
  const { runId, seenAt } = after;
  const isLate = Math.abs(workflowInfo().startTime.getTime() - seenAt) > SOON_MS;
  return isLate ? { runId, how: 'COMPLETED', at: seenAt } : undefined;
}

/**
 * The run that came just before this one, if it was ended externally.
 * @param claimed what {@link claimedPredecessor} has said
 */
export async function truePredecessor(
  claimed: EndedRun,
  after: StartedAfter | undefined,
): Promise<EndedRun | undefined> {
  // Runs that an earlier version has begun.
  if (after === undefined) return claimed;
  await sleep(LISTED_AFTER_MS);
  const preceding = await askForPrecedingRun();
  if (preceding?.state === 'ended') return preceding.run;
  return preceding?.state === 'completed' || claimed.how === 'COMPLETED' ? undefined : claimed;
}

/** A handler that ran for the ended run learns of its end with a heartbeat (O1). */
export async function untilQuiet({ at }: EndedRun, heartbeatTimeoutMs: number): Promise<void> {
  const quietAt = at + 2 * heartbeatTimeoutMs;
  if (quietAt > Date.now()) await sleep(quietAt - Date.now());
}
