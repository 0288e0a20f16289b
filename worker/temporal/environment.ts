import { loadClientConfigProfile, loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Thrown when Temporal's environment variables or its configuration file cannot be used. A person must mend them. */
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

function attempt<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    throw new TemporalEnvironmentError(error);
  }
}

/** Compose files pass variables on that are not set as empty ones; an empty API key would switch TLS on. */
function withoutEmpty(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])));
}
