import { isGrpcServiceError, type Client } from '@temporalio/client';
import type { WorkerDeploymentVersion } from '@temporalio/common';

const TIMEOUT_MS = 5000;
/** Of gRPC: how a server says that it does not know a call, and that it may not be used. */
const UNIMPLEMENTED = 12;
const PERMISSION_DENIED = 7;

/**
 * Thrown when the settings give processes a version and the server cannot route work by it. Nothing was started; a person
 * must change the settings or the server.
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
 * Workers with a version poll such a server without any complaint, and get nothing.
 * @throws {VersioningUnavailableError}
 */
export async function requireVersioning(client: Client, { deploymentName }: WorkerDeploymentVersion): Promise<void> {
  try {
    await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
      client.workflowService.describeWorkerDeployment({ namespace: client.options.namespace, deploymentName }),
    );
  } catch (error) {
    // A deployment that is not known yet, a server that is busy or gone just now: neither is a reason not to start.
    const reason = refusalOf(error);
    if (reason !== undefined) throw new VersioningUnavailableError(deploymentName, reason, { cause: error });
  }
}

/** The server's words when it cannot route by version at all. A right that is missing reads differently. */
export function refusalOf(error: unknown): string | undefined {
  if (!isGrpcServiceError(error)) return undefined;
  const code: number = error.code;
  const { details } = error;
  if (code === UNIMPLEMENTED) return details;
  return code === PERMISSION_DENIED && details.includes('disabled') ? details : undefined;
}
