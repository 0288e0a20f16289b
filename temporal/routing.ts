/** Which version gets the work of a task queue. */
import type { Client } from '@temporalio/client';
import type { WorkerDeploymentVersion } from '@temporalio/common';

const TIMEOUT_MS = 5000;

/** Undefined stands for the processes without a version. */
export type Version = WorkerDeploymentVersion | undefined;

export interface Routing {
  readonly current: Version;
  /** Gets its percentage of the workflows, by a hash of their ids; the current version gets the rest. */
  readonly ramping: { readonly version: Version; readonly percentage: number } | undefined;
}

export async function routingOf(client: Client, taskQueue: string): Promise<Routing> {
  const { namespace } = client.options;
  const { versioningInfo } = await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
    client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  const percentage = versioningInfo?.rampingVersionPercentage ?? 0;
  return {
    current: toVersion(versioningInfo?.currentDeploymentVersion),
    ramping: percentage > 0 ? { version: toVersion(versioningInfo?.rampingDeploymentVersion), percentage } : undefined,
  };
}

/** The percentage of the workflows that processes of this version get. */
export function shareOf(version: Version, { current, ramping }: Routing): number {
  const ramped = ramping?.percentage ?? 0;
  return (isSame(current, version) ? 100 - ramped : 0) + (isSame(ramping?.version, version) ? ramped : 0);
}

function isSame(one: Version, other: Version): boolean {
  return one?.deploymentName === other?.deploymentName && one?.buildId === other?.buildId;
}

function toVersion(
  found: { readonly deploymentName?: string | null; readonly buildId?: string | null } | null | undefined,
): Version {
  const { deploymentName, buildId } = found ?? {};
  return deploymentName && buildId ? { deploymentName, buildId } : undefined;
}
