import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { awsClient } from '../aws/client.ts';
import { proxyFor, proxyName } from '../aws/proxy.ts';
import type { S3Config } from '../contracts/public/store-config.ts';
import { DataGoneError, StoreUnavailableError } from './errors.ts';
import type { EventStore } from './store.ts';

const CONNECTION_TIMEOUT_MS = 5000;
/** Maximum time without a byte in either direction. */
const SILENCE_MS = 30_000;
/**
 * Timeout of one request: eight concurrent ones of 10 MiB take long on a slow connection, and an interrupted one starts
 * anew.
 */
const REQUEST_TIMEOUT_MS = 120_000;
/** The default of the SDK. */
const MAX_CONNECTIONS = 50;

/** A bucket of S3. Rights needed below the prefix: s3:PutObject, s3:GetObject, s3:DeleteObject. */
export class S3Store implements EventStore {
  readonly identity: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  /** For messages: the proxy between this process and the bucket, if any. */
  readonly #way: string;

  constructor({ bucket, prefix, region, endpoint }: S3Config) {
    this.#bucket = bucket;
    this.#prefix = prefix === undefined ? '' : `${prefix}/`;
    this.identity = `s3://${bucket}${prefix === undefined ? '' : `/${prefix}`}`;
    const proxy = proxyFor(endpoint ?? environmentEndpoint() ?? `https://${bucket}.s3.amazonaws.com`);
    this.#way = proxy === undefined ? '' : ` (through the proxy ${proxyName(proxy)})`;
    // Services other than AWS rarely have a domain for each bucket.
    const forcePathStyle = (endpoint ?? environmentEndpoint()) !== undefined;
    this.#client = awsClient(
      (given) => new S3Client({ ...given, forcePathStyle }),
      { ...(region === undefined ? {} : { region }), ...(endpoint === undefined ? {} : { endpoint }) },
      {
        connectionTimeout: CONNECTION_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
        socketTimeout: SILENCE_MS,
        maxSockets: MAX_CONNECTIONS,
      },
    );
  }

  async put(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const command = new PutObjectCommand({ ...this.#object(name), Body: bytes });
    await this.#run(name, 'written', signal, () => this.#client.send(command, { abortSignal: signal }));
  }

  async get(name: string, signal: AbortSignal): Promise<Uint8Array> {
    const command = new GetObjectCommand(this.#object(name));
    return await this.#run(name, 'read', signal, async () => {
      const { Body } = await this.#client.send(command, { abortSignal: signal });
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    });
  }

  async delete(name: string, signal: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand(this.#object(name));
    await this.#run(name, 'deleted', signal, () => this.#client.send(command, { abortSignal: signal }));
  }

  close(): void {
    this.#client.destroy();
  }

  #object(name: string) {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${name}` };
  }

  async #run<T>(name: string, what: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NoSuchKey) {
        throw new DataGoneError(this.identity, `There is no ${name} in ${this.identity}`);
      }
      const message = `Data of a large event cannot be ${what} in ${this.identity}${this.#way}: ${describe(error)}`;
      // The client's error contains the connection and all headers, which must not be logged.
      throw new StoreUnavailableError(this.identity, message);
    }
  }
}

/** The endpoint that the client takes from the environment. */
function environmentEndpoint(): string | undefined {
  return process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
}

function describe(error: unknown): string {
  if (error instanceof S3ServiceException) return `${error.name}: ${error.message} (${error.$metadata.httpStatusCode})`;
  if (!(error instanceof Error)) return String(error);
  // For a host with several addresses there is an error for each, and the outer error has no message.
  const each = error instanceof AggregateError ? error.errors.map(String).join('; ') : '';
  return `${error.name}: ${error.message || each}`;
}
