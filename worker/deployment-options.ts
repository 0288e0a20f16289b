import type { WorkerOptions } from '@temporalio/worker';
import type { Version } from '../temporal/routing.ts';

/**
 * For a worker of this version. Every workflow goes on under the version that is current, whatever it began under: a
 * blocked lane may stay for months without continuing as new, when the processes of its first version have long gone. See
 * docs/adr/0016-lanes-move-to-the-current-version.md.
 */
export function deploymentOptions(version: Version): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (version === undefined) return {};
  return {
    workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' },
  };
}
