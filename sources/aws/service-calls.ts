import { setMaxListeners } from 'node:events';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { proxyFor, proxyName } from '../../aws/proxy.ts';
import { SourceError } from '../errors.ts';
import { describeError, meaningOf } from './error-meanings.ts';

/**
 * Calls one service on behalf of one source. Any failure is thrown as a {@link SourceError} that says what was
 * requested, where, and what to do, with the service's error as `cause`; an abort is thrown as the signal's reason.
 */
export class ServiceCalls {
  readonly #client: KinesisClient | DynamoDBStreamsClient;
  readonly #source: string;
  readonly #isProxied: boolean;
  #endpoint: string | undefined;
  /** The latest `Date` header of an answer, and when it arrived by the monotonic clock. */
  #latestDate: { readonly date: number; readonly at: number } | undefined;

  /**
   * @param source identity of the source, as in `kinesis:orders`
   * @param options `proxied`: the client uses the proxy of the environment, if there is one
   */
  constructor(client: KinesisClient | DynamoDBStreamsClient, source: string, { proxied = true } = {}) {
    this.#client = client;
    this.#isProxied = proxied;
    this.#source = source;
    this.#noteEndpoint();
    this.#noteDate();
  }

  /**
   * @param request its name in messages, as in `GetRecords of shard shardId-000000000000`
   * @throws {SourceError}
   */
  async run<T>(request: string, signal: AbortSignal, send: (options: { abortSignal: AbortSignal }) => Promise<T>) {
    signal.throwIfAborted();
    // One signal stops a reader of many shards, each with a call or two that listen to it: that is no leak.
    setMaxListeners(0, signal);
    try {
      return await unlessAborted(send({ abortSignal: signal }), signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const refusal = meaningOf(error);
      const message = `${this.#source}: ${request} failed (${await this.#where()}): ${describeError(error)}`;
      throw new refusal.error(this.#source, `${message.replace(/\.$/, '')}. ${refusal.remedy}`, { cause: error });
    }
  }

  /** The endpoint of the requests, as in `https://kinesis.eu-west-1.amazonaws.com`; undefined before the first one. */
  get endpoint(): string | undefined {
    return this.#endpoint;
  }

  /**
   * The service's time, from the answer to the call `ask`; an error has a `Date` too. Undefined when the answer has
   * none.
   * @throws {SourceError} when there is no answer
   */
  async now(ask: () => Promise<unknown>): Promise<number | undefined> {
    this.#latestDate = undefined;
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof SourceError) || this.#latestDate === undefined) throw error;
    }
    // The middleware has assigned it meanwhile, which the compiler does not see.
    const latestDate = this.#latestDate as { readonly date: number; readonly at: number } | undefined;
    return latestDate && latestDate.date + Math.floor(performance.now() - latestDate.at);
  }

  async #where(): Promise<string> {
    const region = await this.#client.config.region().catch(() => 'none');
    return `region ${region}, ${this.#endpoint ?? 'nothing sent'}${this.#way()}`;
  }

  /** Names the environment's proxy for the endpoint, if there is one. */
  #way(): string {
    const proxy = this.#endpoint === undefined ? undefined : proxyFor(this.#endpoint);
    if (proxy === undefined) return '';
    const name = proxyName(proxy);
    return this.#isProxied ? `, through the proxy ${name}` : `, not through the proxy ${name}, which cannot do HTTP/2`;
  }

  #noteDate(): void {
    const stack = this.#client.middlewareStack as KinesisClient['middlewareStack'];
    stack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { headers = {} } = result.response as { headers?: Readonly<Record<string, string>> };
        const date = Date.parse(headers['date'] ?? '');
        if (!Number.isNaN(date)) this.#latestDate = { date, at: performance.now() };
        return result;
      },
      // Inside the middleware that turns an error answer into an exception.
      { step: 'deserialize', priority: 'low', name: 'keylaneNoteDate' },
    );
  }

  /** Only the request knows the endpoint, which may come from settings, environment, profile or the region. */
  #noteEndpoint(): void {
    // Both clients have the same stack except for the types of inputs and outputs, which do not matter here.
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

/** Whether the error has the service's error of that name as its cause. */
export function isServiceError(error: unknown, name: string): error is SourceError {
  return error instanceof SourceError && error.cause instanceof Error && error.cause.name === name;
}

/** The work, or the signal's reason as soon as it aborts: the SDK's waits between its attempts ignore the signal. */
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
