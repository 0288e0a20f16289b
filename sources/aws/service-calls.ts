import { setMaxListeners } from 'node:events';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { SourceError } from '../errors.ts';
import { describeError, refusalOf } from './refusals.ts';

/**
 * Calls one service on behalf of one source. Whatever goes wrong comes out as a {@link SourceError} that says what was
 * asked, where, and what to do, with the service's error as `cause`; an abort comes out as the signal's own reason.
 */
export class ServiceCalls {
  readonly #client: KinesisClient | DynamoDBStreamsClient;
  readonly #source: string;
  #endpoint: string | undefined;

  /** @param source identity of the source, as in `kinesis:orders` */
  constructor(client: KinesisClient | DynamoDBStreamsClient, source: string) {
    this.#client = client;
    this.#source = source;
    this.#noteEndpoint();
  }

  /**
   * @param asked what is asked, as in `GetRecords of shard shardId-000000000000`
   * @throws {SourceError}
   */
  async run<T>(asked: string, signal: AbortSignal, send: (options: { abortSignal: AbortSignal }) => Promise<T>) {
    signal.throwIfAborted();
    // One signal stops a reader of many shards, each with a call or two that listen: that is no leak to be warned of.
    setMaxListeners(0, signal);
    try {
      return await unlessAborted(send({ abortSignal: signal }), signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const refusal = refusalOf(error);
      const message = `${this.#source}: ${asked} failed (${await this.#where()}): ${describeError(error)}`;
      throw new refusal.error(this.#source, `${message.replace(/\.$/, '')}. ${refusal.remedy}`, { cause: error });
    }
  }

  /** Where the requests go, as in `https://kinesis.eu-west-1.amazonaws.com`; undefined before the first one. */
  get endpoint(): string | undefined {
    return this.#endpoint;
  }

  async #where(): Promise<string> {
    const region = await this.#client.config.region().catch(() => 'none');
    return `region ${region}, ${this.#endpoint ?? 'nothing sent'}`;
  }

  /** Only the request knows the endpoint, which may come from settings, environment, profile or the region. */
  #noteEndpoint(): void {
    // The same stack in both clients but for the types of inputs and outputs, which do not matter here.
    const stack = this.#client.middlewareStack as KinesisClient['middlewareStack'];
    stack.add(
      (next) => (args) => {
        const { protocol, hostname, port } = args.request as { protocol: string; hostname: string; port?: number };
        this.#endpoint = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
        return next(args);
      },
      { step: 'build', name: 'keylaneNoteEndpoint' },
    );
  }
}

/** True when `error` is the service's answer of that name, passed on by {@link ServiceCalls}. */
export function isRefusal(error: unknown, name: string): error is SourceError {
  return error instanceof SourceError && error.cause instanceof Error && error.cause.name === name;
}

/** The SDK's waits between its attempts do not hear the signal; nobody should have to wait for them. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
