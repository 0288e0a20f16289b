/**
 * The consumer of a stream under which its shards are subscribed to: looked up by name, registered when it is not there.
 *
 * It owns the consumer's ARN, once known, and one look-up for however many shards ask at the same time: AWS answers few
 * of these questions a second. It never removes a consumer: the next start needs it, and another process may use it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ConsumerDescription,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  RegisterStreamConsumerCommand,
} from '@aws-sdk/client-kinesis';
import { isRefusal, type ServiceCalls, unlessAborted } from '../../aws/service-calls.ts';
import { SourceConfigurationError, SourceUnavailableError } from '../../errors.ts';
import type { StreamId } from '../stream-id.ts';

/** AWS answers 20 of these a second for all consumers of a stream. */
const POLL_MS = 1000;
/** AWS takes some seconds; who still waits then learns why, and asks again. */
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
   * Its ARN, when it is there and active.
   * @throws {SourceError}
   */
  async arn(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    this.#lookup ??= this.#begin();
    return await unlessAborted(this.#lookup, signal);
  }

  /** It may be gone: the next one who asks has it looked up again. */
  forget(): void {
    this.#lookup = undefined;
  }

  close(): void {
    this.#closing.abort(new Error(`${this.#options.source} was closed.`));
  }

  #begin(): Promise<string> {
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

  /** Undefined when there is none of that name, or no such stream: registering tells. */
  async #describe(streamArn: string, signal: AbortSignal): Promise<ConsumerDescription | undefined> {
    const { calls, client, name } = this.#options;
    const command = new DescribeStreamConsumerCommand({ StreamARN: streamArn, ConsumerName: name });
    try {
      const answer = await calls.run(`DescribeStreamConsumer ${name}`, signal, (options) =>
        client.send(command, options),
      );
      return answer.ConsumerDescription;
    } catch (error) {
      if (isRefusal(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  }

  /** Returns false when there is one of that name after all, or still. */
  async #register(streamArn: string, signal: AbortSignal): Promise<boolean> {
    const { calls, client, name, source } = this.#options;
    const command = new RegisterStreamConsumerCommand({ StreamARN: streamArn, ConsumerName: name });
    try {
      await calls.run(`RegisterStreamConsumer ${name}`, signal, (options) => client.send(command, options));
      return true;
    } catch (error) {
      // Another process was quicker; or the name's old consumer is not quite gone.
      if (isRefusal(error, 'ResourceInUseException')) return false;
      if (!isRefusal(error, 'LimitExceededException')) throw error;
      const message = `${source}: consumer ${name} cannot be registered, the stream has as many consumers as AWS allows (20; 50 with On-demand Advantage), or five are being registered just now. Deregister one that nobody uses (aws kinesis list-stream-consumers, deregister-stream-consumer), or leave out \`fanOut\` to read by polling.`;
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
    const state = found?.ConsumerStatus ?? 'not there yet';
    const message = `${source}: consumer ${name} is ${state} after ${ACTIVATION_TIMEOUT_MS / 1000}s, and only an ACTIVE one can subscribe. It is asked again.`;
    return new SourceUnavailableError(source, message);
  }
}
