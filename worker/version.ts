import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { readingTaskQueue } from '../contracts/names.ts';
import type { Settings } from '../settings/settings.ts';
import type { Closers } from '../lib/node/closers.ts';
import { SettingsError } from '../settings/errors.ts';
import type { Version } from '../temporal/routing.ts';
import { VersionWatch } from './version-watch.ts';
import { requireVersioning } from '../temporal/versioning-support.ts';

/** The version of this process by its settings; undefined when they have none.
 * @throws {SettingsError} when the build id is missing
 */
export function versionOf({ file, temporal: { deployment } }: Settings): Version {
  if (deployment === undefined) return undefined;
  const { name, buildId } = deployment;
  if (buildId !== undefined) return { deploymentName: name, buildId };
  const message =
    `is missing, and so is TEMPORAL_WORKER_BUILD_ID in the environment. This process belongs to deployment "${name}" and needs ` +
    'a build id that changes with every release, such as the commit or the tag of the image';
  throw new SettingsError(file, [{ path: 'temporal.deployment.buildId', message }]);
}

/**
 * Watches whether this process gets the work of its task queues.
 * @throws {VersioningUnavailableError}
 */
export async function watchVersion(
  version: Version,
  { settings, roles, client, log }: WatchOptions,
  closers: Closers,
): Promise<VersionWatch> {
  if (version !== undefined) await requireVersioning(client, version);
  const { temporal } = settings;
  const taskQueues = roles.map((role) =>
    role === 'bridge' ? readingTaskQueue(temporal.taskQueue) : temporal.taskQueue,
  );
  const watch = new VersionWatch({ client, version, taskQueues, temporal, log });
  closers.add('version watch', () => watch.stop());
  await watch.start();
  return watch;
}

interface WatchOptions {
  readonly settings: Settings;
  readonly roles: readonly ('bridge' | 'worker')[];
  readonly client: Client;
  readonly log: Logger;
}
