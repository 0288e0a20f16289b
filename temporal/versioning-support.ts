import type { Client } from '@temporalio/client';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import { GRPC, grpcFailure } from './grpc.ts';

const TIMEOUT_MS = 5000;

/**
 * Thrown when the settings give processes a version and the server cannot route work by it. Nothing was started; change
 * the settings or the server.
 */
export class VersioningUnavailableError extends Error {
  override readonly name = 'VersioningUnavailableError';
  readonly deployment: string;

  constructor(deployment: string, reason: string, options?: ErrorOptions) {
    super(
      `The settings give this process a version of deployment "${deployment}", and this Temporal server does not route ` +
        `work by version (${reason}). Take temporal.deployment out of the settings, or TEMPORAL_DEPLOYMENT_NAME out of ` +
        'the environment; or use server 1.28 or later with system.enableDeploymentVersions = true, its default.',
      options,
    );
    this.deployment = deployment;
  }
}

/**
 * Checks that the server routes work by version: workers with a version get no tasks, and no error, from a server that
 * does not.
 * @throws {VersioningUnavailableError}
 */
export async function requireVersioning(client: Client, { deploymentName }: WorkerDeploymentVersion): Promise<void> {
  try {
    await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
      client.workflowService.describeWorkerDeployment({ namespace: client.options.namespace, deploymentName }),
    );
  } catch (error) {
    // An unknown deployment or a server that is busy or unavailable now is no reason not to start.
    const reason = refusalOf(error);
    if (reason !== undefined) throw new VersioningUnavailableError(deploymentName, reason, { cause: error });
  }
}

/** The server's message when it cannot route by version at all. A missing permission has another message. */
export function refusalOf(error: unknown): string | undefined {
  const failure = grpcFailure(error);
  if (failure === undefined) return undefined;
  const { code, details } = failure;
  if (code === GRPC.unimplemented) return details;
  return code === GRPC.permissionDenied && details.includes('disabled') ? details : undefined;
}
