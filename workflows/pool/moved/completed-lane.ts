import { log, proxyActivities } from '@temporalio/workflow';
import { FORWARDED_MARK } from '../../../contracts/pool/messages.ts';
import type { RecoveryActivities } from '../../../contracts/recovery/messages.ts';
import { parseSnapshot } from '../../../contracts/recovery/parse.ts';
import type { RunName } from '../../../contracts/run.ts';
import { LANE_PARSERS } from '../../lane/snapshot.ts';

/** It is asked for again later when no worker has a slot for the question. */
const { runSnapshot } = proxyActivities<Pick<RecoveryActivities, 'runSnapshot'>>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '30s',
  retry: { maximumAttempts: 3, initialInterval: '200ms' },
});

/**
 * Number of the last event that was forwarded to a lane which has completed; 0 when Temporal does not have the run anymore.
 * Undefined when it could not be read just now.
 */
export async function lastForwardedTo(lane: RunName): Promise<number | undefined> {
  try {
    const parsed = parseSnapshot(LANE_PARSERS, await runSnapshot(lane));
    if ('problem' in parsed) {
      log.warn('The snapshot of a completed lane is malformed', { problem: parsed.problem, runId: lane.runId });
      return undefined;
    }
    const held = parsed.value;
    return held.kind === 'state' ? Number(held.state.lane.marks[FORWARDED_MARK]?.sequenceNumber ?? 0) : 0;
  } catch (error) {
    log.warn('It is not known what a lane had finished when it completed', { error, runId: lane.runId });
    return undefined;
  }
}
