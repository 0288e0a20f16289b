/**
 * The consumer with which the shards of a stream are subscribed to: looked up by name, registered when it does not
 * exist.
 *
 * Owns the consumer's ARN, once known, and one look-up that all shards share: AWS answers few of these requests a
 * second. It never deletes a consumer: the next start needs it, and another process may use it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ConsumerDescription,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  RegisterStreamConsumerCommand,
} from '@aws-sdk/client-kinesis';
import { isServiceError, type ServiceCalls, unlessAborted } from '../../aws/service-calls.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../errors.ts';
import type { StreamId } from '../stream-id.ts';

/** AWS allows 20 of these requests a second for all consumers of a stream. */
const POLL_MS = 1000;
/** Activation takes AWS some seconds; after this time the look-up fails with the reason, and is retried. */
const ACTIVATION_TIMEOUT_MS = 60_000;

export interface ConsumerOptions {
  readonly client: KinesisClient;
  readonly calls: ServiceCalls;
  readonly stream: StreamId;
  /** Identity of the source, as in `kinesis:orders`. */
  readonly source: string;
  readonly name: string;
  /** @default 1000 */
  readonly pollMs?: number;
}

export class FanOutConsumer {
  readonly name: string;
  readonly #options: ConsumerOptions;
  readonly #closing = new AbortController();
  #lookup: Promise<string> | undefined;

  constructor(options: ConsumerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /**
   * The consumer's ARN, once it is active.
   * @throws {SourceError}
   */
  async arn(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    this.#lookup ??= this.#start();
    return await unlessAborted(this.#lookup, signal);
  }

  /** Forgets the consumer, which may be gone: the next call of `arn` looks it up again. */
  forget(): void {
    this.#lookup = undefined;
  }

  close(): void {
    this.#closing.abort(new Error(`${this.#options.source} was closed.`));
  }

  #start(): Promise<string> {
    const lookup = this.#find(this.#closing.signal);
    lookup.catch(() => {
      if (this.#lookup === lookup) this.#lookup = undefined;
    });
    return lookup;
  }

  async #find(signal: AbortSignal): Promise<string> {
    const { pollMs = POLL_MS } = this.#options;
    const streamArn = await this.#streamArn(signal);
    const until = performance.now() + ACTIVATION_TIMEOUT_MS;
    for (;;) {
      const found = await this.#describe(streamArn, signal);
      if (found?.ConsumerStatus === 'ACTIVE') return found.ConsumerARN ?? '';
      if (performance.now() >= until) throw this.#notActive(found);
      if (found === undefined && (await this.#register(streamArn, signal))) continue;
      await sleep(pollMs, undefined, { signal });
    }
  }

  /** Undefined when there is no consumer of that name, or no such stream: registering distinguishes the two. */
  async #describe(streamArn: string, signal: AbortSignal): Promise<ConsumerDescription | undefined> {
    const { calls, client, name } = this.#options;
    const command = new DescribeStreamConsumerCommand({ StreamARN: streamArn, ConsumerName: name });
    try {
      const answer = await calls.run(`DescribeStreamConsumer ${name}`, signal, (options) =>
        client.send(command, options),
      );
      return answer.ConsumerDescription;
    } catch (error) {
      if (isServiceError(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  }

  /** Returns false when a consumer of that name exists meanwhile, or still. */
  async #register(streamArn: string, signal: AbortSignal): Promise<boolean> {
    const { calls, client, name, source } = this.#options;
    const command = new RegisterStreamConsumerCommand({ StreamARN: streamArn, ConsumerName: name });
    try {
      await calls.run(`RegisterStreamConsumer ${name}`, signal, (options) => client.send(command, options));
      return true;
    } catch (error) {
      // Another process has just registered it, or the old consumer of that name is still being deleted.
      if (isServiceError(error, 'ResourceInUseException')) return false;
      if (!isServiceError(error, 'LimitExceededException')) throw error;
      const message = `${source}: consumer ${name} cannot be registered, the stream has as many consumers as AWS allows (20; 50 with On-demand Advantage), or five are being registered just now. Deregister one that is not in use (aws kinesis list-stream-consumers, deregister-stream-consumer), or leave out \`fanOut\` to read by polling.`;
      throw new SourceConfigurationError(source, message, { cause: error });
    }
  }

  async #streamArn(signal: AbortSignal): Promise<string> {
    const { calls, client, stream } = this.#options;
    if ('StreamARN' in stream) return stream.StreamARN;
    const command = new DescribeStreamSummaryCommand({ ...stream });
    const answer = await calls.run('DescribeStreamSummary', signal, (options) => client.send(command, options));
    return answer.StreamDescriptionSummary?.StreamARN ?? '';
  }

  #notActive(found: ConsumerDescription | undefined): SourceUnavailableError {
    const { name, source } = this.#options;
    const state = found?.ConsumerStatus ?? 'not registered yet';
    const message = `${source}: consumer ${name} is ${state} after ${ACTIVATION_TIMEOUT_MS / 1000}s, and only an ACTIVE consumer can subscribe. Retrying.`;
    return new SourceUnavailableError(source, message);
  }
}
