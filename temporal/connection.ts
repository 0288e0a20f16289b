import { Client, Connection, isGrpcServiceError, type ConnectionOptions } from '@temporalio/client';
import type { TemporalSettings } from '../settings/settings.ts';
import { environmentConnection, type Environment } from '../settings/environment.ts';
import { retryInterceptor } from './retries.ts';

/** The default address of Temporal's own tools. */
export const DEFAULT_ADDRESS = 'localhost:7233';
export const DEFAULT_NAMESPACE = 'default';

/** gRPC's default is two minutes, during which a server that is available again is not noticed. */
const MAX_RECONNECT_MS = 5000;
/** A page of a history with large events is larger than gRPC's own 4 MiB. The SDK intends to set the same. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;

/** What clients (`Connection.connect`) and workers (`NativeConnection.connect`) both take. */
export type TemporalConnectionOptions = { readonly address: string } & Pick<ConnectionOptions, 'tls' | 'metadata'> & {
    apiKey?: string;
  };

/** Thrown when Temporal cannot be reached. Nothing was done; a retry may succeed. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';
  readonly address: string;

  constructor(address: string, reason: string, options?: ErrorOptions) {
    super(
      `Temporal cannot be reached at ${address}: ${reason}. Is it running there? The address comes from --address, ` +
        "temporal.address in the settings, TEMPORAL_ADDRESS or Temporal's configuration file; " +
        `${DEFAULT_ADDRESS} without any of them. \`keylane dev\` starts a server of its own.`,
      options,
    );
    this.address = address;
  }
}

/**
 * The address of the settings, with TLS, API key and headers from Temporal's environment variables and configuration
 * file. Not for the embedded server, which uses plain text whatever the environment says.
 */
export function connectionOptions(
  temporal: TemporalSettings,
  env: Environment = process.env,
): TemporalConnectionOptions {
  const { tls, apiKey, metadata } = environmentConnection(env);
  return {
    address: temporal.address ?? DEFAULT_ADDRESS,
    ...(tls === undefined ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/**
 * A client on a connection of its own; `client.connection.close()` ends it.
 * @throws {TemporalUnreachableError}
 */
export async function connectClient(
  temporal: TemporalSettings,
  options: { readonly timeoutMs: number; readonly env?: Environment },
): Promise<Client> {
  const target = connectionOptions(temporal, options.env);
  try {
    const connection = await Connection.connect({
      ...target,
      connectTimeout: options.timeoutMs,
      interceptors: [retryInterceptor],
      channelArgs: {
        'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_MS,
        'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
      },
    });
    return new Client({ connection, namespace: temporal.namespace ?? DEFAULT_NAMESPACE });
  } catch (error) {
    throw new TemporalUnreachableError(target.address, reasonOf(error), { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (isGrpcServiceError(error)) return error.details;
  return error instanceof Error ? error.message : String(error);
}
