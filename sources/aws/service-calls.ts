import { setMaxListeners } from 'node:events';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { proxyFor, proxyName } from '../../aws/proxy.ts';
import { SourceError } from '../errors.ts';
import { describeError, refusalOf } from './refusals.ts';

/**
 * Calls one service on behalf of one source. Whatever goes wrong comes out as a {@link SourceError} that says what was
 * asked, where, and what to do, with the service's error as `cause`; an abort comes out as the signal's own reason.
 */
export class ServiceCalls {
  readonly #client: KinesisClient | DynamoDBStreamsClient;
  readonly #source: string;
  readonly #isProxied: boolean;
  #endpoint: string | undefined;
  /** The `Date` of the latest answer that had one, and when that came, by the monotonic clock. */
  #told: { readonly date: number; readonly at: number } | undefined;

  /**
   * @param source identity of the source, as in `kinesis:orders`
   * @param options `proxied`: the client goes through the proxy of the environment, where there is one
   */
  constructor(client: KinesisClient | DynamoDBStreamsClient, source: string, { proxied = true } = {}) {
    this.#client = client;
    this.#isProxied = proxied;
    this.#source = source;
    this.#noteEndpoint();
    this.#noteDate();
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

  /**
   * The service's time, from the answer to a call that is made for it; a refusal has a `Date` too. Undefined when the
   * answer has none.
   * @throws {SourceError} when there is no answer
   */
  async now(ask: () => Promise<unknown>): Promise<number | undefined> {
    this.#told = undefined;
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof SourceError) || this.#told === undefined) throw error;
    }
    // Assigned by the middleware meanwhile, which the compiler does not see.
    const told = this.#told as { readonly date: number; readonly at: number } | undefined;
    return told && told.date + Math.floor(performance.now() - told.at);
  }

  async #where(): Promise<string> {
    const region = await this.#client.config.region().catch(() => 'none');
    return `region ${region}, ${this.#endpoint ?? 'nothing sent'}${this.#way()}`;
  }

  /** What stands between this process and the endpoint, when the environment names a proxy for it. */
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
        if (!Number.isNaN(date)) this.#told = { date, at: performance.now() };
        return result;
      },
      // Inside the one that turns a refusal into an error.
      { step: 'deserialize', priority: 'low', name: 'keylaneNoteDate' },
    );
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
