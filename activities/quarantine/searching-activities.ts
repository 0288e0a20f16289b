import type { Client } from '@temporalio/client';
import type { SearchingActivities } from '../../contracts/quarantine/search.ts';
import { withHeartbeat } from '../heartbeat.ts';
import { findRecords } from './find-records.ts';

/** The activities of a quarantine that do not need the settings of its pipeline. */
export function createSearchingActivities(client: Client): SearchingActivities {
  return {
    findRecords: async (search) => await withHeartbeat(async () => await findRecords(client, search)),
  };
}
