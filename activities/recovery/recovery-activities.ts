import type { Client } from '@temporalio/client';
import type { RecoveryActivities, RunGone } from '../../contracts/recovery/messages.ts';
import { isGone } from '../../temporal/gone.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { precedingRun } from './preceding-run.ts';
import { readSnapshot, readSnapshotPage } from './run-snapshot.ts';
import { readUnseenSignals } from './unseen-signals.ts';

/** Read what a terminated run held, for the run that recovers it. */
export function createRecoveryActivities(client: Client): RecoveryActivities {
  return {
    runSnapshot: async (run) => await orGone(async () => await readSnapshot(client, run)),
    snapshotPage: async (run, from) => await orGone(async () => await readSnapshotPage(client, run, from)),
    unseenSignals: async (run, from) => await orGone(async () => await readUnseenSignals(client, run, from)),
    precedingRun: async (run) => await withHeartbeat(async () => await precedingRun(client, run)),
  };
}

/** That a run is gone is an answer and no failure: it is final, while everything else is retried. */
async function orGone<T>(read: () => Promise<T>): Promise<T | RunGone> {
  return await withHeartbeat(async () => {
    try {
      return await read();
    } catch (error) {
      if (isGone(error)) return { kind: 'gone' };
      throw error;
    }
  });
}
