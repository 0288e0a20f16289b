import type { Client } from '@temporalio/client';
import { routerOf } from '../temporal/router.ts';
import { poolsOf, type Settings } from '../settings/settings.ts';
import { OtherHostingError } from './pipelines.ts';

/**
 * Call this before the process polls: its first task may be to deliver records to lanes.
 * @throws {OtherHostingError} when a pipeline was created with another hosting than the settings say
 */
export async function checkHostings(client: Client, { pipelines }: Settings): Promise<void> {
  for (const { hosting, name } of pipelines.values()) {
    const router = await routerOf(client, name);
    const pools = poolsOf(hosting);
    if (router !== undefined && router.pools !== pools) throw new OtherHostingError(name, router.pools, pools);
  }
}
