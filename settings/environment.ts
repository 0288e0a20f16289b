import { loadClientConfigProfile, loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { BUILD_ID, BUILD_ID_FORM, DEPLOYMENT_NAME, DEPLOYMENT_NAME_FORM } from './deployment.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Thrown when Temporal's environment variables or its configuration file cannot be used. They must be fixed. */
export class TemporalEnvironmentError extends Error {
  override readonly name = 'TemporalEnvironmentError';

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `Temporal's environment variables or its configuration file (TEMPORAL_CONFIG_FILE) cannot be used: ${reason}`,
      {
        cause,
      },
    );
  }
}

/**
 * Address and namespace from Temporal's own environment variables and configuration file.
 * @throws {TemporalEnvironmentError}
 */
export function environmentNames(env: Environment): { readonly address?: string; readonly namespace?: string } {
  const { address, namespace } = attempt(() => loadClientConfigProfile({ overrideEnvVars: withoutEmpty(env) }));
  return { ...(address ? { address } : {}), ...(namespace ? { namespace } : {}) };
}

/**
 * How to connect (TLS, API key, headers) from the same places. Reads the certificates that they name.
 * @throws {TemporalEnvironmentError}
 */
export function environmentConnection(env: Environment): ClientConnectConfig['connectionOptions'] {
  return attempt(() => loadClientConnectConfig({ overrideEnvVars: withoutEmpty(env) })).connectionOptions;
}

/**
 * The version of this process's workers, from the variables that Temporal's controller for Kubernetes sets.
 * @throws {TemporalEnvironmentError}
 */
export function environmentDeployment(env: Environment): { readonly name?: string; readonly buildId?: string } {
  const { TEMPORAL_DEPLOYMENT_NAME: name, TEMPORAL_WORKER_BUILD_ID: buildId } = withoutEmpty(env);
  return attempt(() => ({
    ...(name === undefined
      ? {}
      : { name: fitting('TEMPORAL_DEPLOYMENT_NAME', name, DEPLOYMENT_NAME, DEPLOYMENT_NAME_FORM) }),
    ...(buildId === undefined
      ? {}
      : { buildId: fitting('TEMPORAL_WORKER_BUILD_ID', buildId, BUILD_ID, BUILD_ID_FORM) }),
  }));
}

function fitting(variable: string, value: string, pattern: RegExp, form: string): string {
  if (!pattern.test(value)) throw new Error(`${variable} = ${JSON.stringify(value)}: must be ${form}`);
  return value;
}

function attempt<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    throw new TemporalEnvironmentError(error);
  }
}

/** Compose files pass unset variables as empty ones; an empty API key would enable TLS. */
function withoutEmpty(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])));
}
