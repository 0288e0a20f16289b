import type { WorkerOptions } from '@temporalio/worker';
import type { Version } from '../temporal/routing.ts';

/**
 * Options of a worker of this version. Every workflow continues under the current version, whatever its first version
 * was: a blocked lane may stay open for months without continuing as new, when no process of its first version is left.
 * See docs/adr/0016-lanes-move-to-the-current-version.md.
 */
export function deploymentOptions(version: Version): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (version === undefined) return {};
  return {
    workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' },
  };
}
