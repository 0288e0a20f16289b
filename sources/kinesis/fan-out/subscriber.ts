/**
 * Subscribes to the shards of one stream for one consumer. Owns the client for that, and the times of the latest
 * subscriptions: AWS rejects the next one of a shard for five seconds.
 *
 * SubscribeToShard has a client of its own because of its connection. AWS documents HTTP/2 for it, and so the SDK's
 * HTTP/2 handler is used, with a session for each subscription (the SDK does that for every event stream). An endpoint
 * that starts with http:// is an emulator: emulators use HTTP/1.1, with poor or no support for HTTP/2.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  KinesisClient,
  type StartingPosition,
  SubscribeToShardCommand,
  type SubscribeToShardEventStream,
} from '@aws-sdk/client-kinesis';
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler';
import { CurrentCredentials } from '../../../aws/credentials.ts';
import { ServiceCalls } from '../../aws/service-calls.ts';
import type { FanOutConsumer } from './consumer.ts';
import { Subscription, type SubscriptionTimes } from './subscription.ts';

export interface SubscriberOptions {
  /** Region and endpoint of the settings. */
  readonly place: { readonly region?: string; readonly endpoint?: string };
  /** Calls of the client with which the consumer is looked up: they know the endpoint. */
  readonly calls: ServiceCalls;
  readonly consumer: FanOutConsumer;
  readonly source: string;
  readonly times: SubscriptionTimes & { readonly pauseMs: number };
}

const CONNECTION_TIMEOUT_MS = 5000;

export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #closing = new AbortController();
  readonly #subscribedAt = new Map<string, number>();
  #connection: { readonly client: KinesisClient; readonly calls: ServiceCalls } | undefined;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** @throws {SourceError} */
  async subscribe(shardId: string, from: StartingPosition, asker: AbortSignal): Promise<Subscription> {
    const { consumer, times } = this.#options;
    const signal = AbortSignal.any([asker, this.#closing.signal]);
    const consumerArn = await consumer.arn(signal);
    await this.#turn(shardId, signal);
    const { client, calls } = (this.#connection ??= this.#connect());
    const command = new SubscribeToShardCommand({ ConsumerARN: consumerArn, ShardId: shardId, StartingPosition: from });
    const open = async (connection: AbortSignal): Promise<AsyncIterable<SubscribeToShardEventStream>> => {
      const { EventStream } = await client.send(command, { abortSignal: connection });
      this.#subscribedAt.set(shardId, performance.now());
      return EventStream ?? nothing();
    };
    const request = `SubscribeToShard of shard ${shardId}`;
    return await Subscription.start(open, { calls, request, times }, signal);
  }

  /** Ends every subscription. */
  close(): void {
    this.#closing.abort(new Error(`${this.#options.source} was closed.`));
    this.#connection?.client.destroy();
  }

  /** Waits until AWS accepts another subscription of the shard, if this process made the last one. */
  async #turn(shardId: string, signal: AbortSignal): Promise<void> {
    const last = this.#subscribedAt.get(shardId);
    if (last === undefined) return;
    const waitMs = last + this.#options.times.pauseMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }

  #connect(): { readonly client: KinesisClient; readonly calls: ServiceCalls } {
    const { calls, place, source } = this.#options;
    const connectionTimeout = CONNECTION_TIMEOUT_MS;
    // No other timeouts: Subscription handles those, and a connection that waits for this process is not too slow.
    const requestHandler =
      calls.endpoint?.startsWith('http:') === true
        ? new NodeHttpHandler({ connectionTimeout, httpAgent: { keepAlive: false, maxSockets: Infinity } })
        : new NodeHttp2Handler();
    const credentials = new CurrentCredentials();
    const client = new KinesisClient({ ...placeOf(place), credentials: credentials.provide, requestHandler });
    credentials.watch(client);
    return { client, calls: new ServiceCalls(client, source, { proxied: false }) };
  }
}

function placeOf({ region, endpoint }: SubscriberOptions['place']) {
  return { ...(region === undefined ? {} : { region }), ...(endpoint === undefined ? {} : { endpoint }) };
}

async function* nothing(): AsyncGenerator<never> {
  // A service that answers without a stream has ended it.
}
