import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { SearchingActivities } from '../../contracts/quarantine.ts';
import { startHeartbeat } from '../handling/heartbeat.ts';
import { findRecords } from './find-records.ts';

/** What a quarantine can be told without the settings of its pipeline. */
export function createSearchingActivities(client: Client): SearchingActivities {
  return {
    async findRecords(search) {
      const heartbeat = startHeartbeat(Context.current().info.heartbeatTimeoutMs ?? Infinity, () => null);
      try {
        return await findRecords(client, search);
      } finally {
        heartbeat.stop();
      }
    },
  };
}
