/**
 * One subscription to a shard: a connection over which the service sends event after event, for five minutes at most.
 *
 * Owns the connection and its timers.
 *
 * - subscription.E1: one event is requested at a time, and nothing is read ahead here: events that are not requested
 *   stay in the connection, whose window fills up and slows the service down (O9).
 * - subscription.E2: any failure closes it: an error, an abort, a service that is silent for too long. A subscription
 *   that is not read for a while is closed too: it holds a connection, and records that may not be needed for long.
 * - subscription.E3: once closed, it stays closed. Events that were sent but not requested are sent again by the next
 *   one.
 */
import type { SubscribeToShardEvent, SubscribeToShardEventStream } from '@aws-sdk/client-kinesis';
import type { ServiceCalls } from '../../aws/service-calls.ts';

/** Opens a subscription. The signal ends it at any time. */
export type OpenSubscription = (signal: AbortSignal) => Promise<AsyncIterable<SubscribeToShardEventStream>>;

export interface SubscriptionTimes {
  /** The service sends an event every few seconds, with or without records; after this silence it counts as lost. */
  readonly silenceMs: number;
  /** How long a subscription is kept open without a request for its next event. */
  readonly idleMs: number;
}

export interface SubscriptionOptions {
  readonly calls: ServiceCalls;
  /** The request's name in errors: `SubscribeToShard of shard shardId-000000000000`. */
  readonly request: string;
  readonly times: SubscriptionTimes;
}

export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #connection = new AbortController();
  readonly #startedAt = performance.now();
  readonly #forgetSignal: () => void;
  #events: AsyncIterator<SubscribeToShardEventStream> | undefined;
  #idle: NodeJS.Timeout | undefined;

  private constructor(options: SubscriptionOptions, signal: AbortSignal) {
    this.#options = options;
    const close = () => this.close();
    signal.addEventListener('abort', close, { once: true });
    this.#forgetSignal = () => signal.removeEventListener('abort', close);
  }

  /**
   * @param signal ends the subscription for as long as it lives
   * @throws {SourceError}
   */
  static async start(open: OpenSubscription, options: SubscriptionOptions, signal: AbortSignal): Promise<Subscription> {
    const subscription = new Subscription(options, signal);
    const events = await subscription.#ask(signal, () => open(subscription.#connection.signal));
    subscription.#events = events[Symbol.asyncIterator]();
    subscription.#watchIdle();
    return subscription;
  }

  get closed(): boolean {
    return this.#connection.signal.aborted;
  }

  /** The age of the subscription. */
  get ageMs(): number {
    return performance.now() - this.#startedAt;
  }

  /**
   * The next event; undefined when the service has ended the subscription.
   * @throws {SourceError}
   */
  async next(signal: AbortSignal): Promise<SubscribeToShardEvent | undefined> {
    clearTimeout(this.#idle);
    for (;;) {
      const result = await this.#ask(signal, async () => await this.#events?.next());
      if (result === undefined || result.done === true) {
        this.close();
        return undefined;
      }
      const event = result.value.SubscribeToShardEvent;
      if (event !== undefined) {
        this.#watchIdle();
        return event;
      }
    }
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#forgetSignal();
    // The iterator keeps the SDK's latest message in memory.
    this.#events = undefined;
    this.#connection.abort(new Error('The subscription was closed.'));
  }

  async #ask<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { request, calls, times } = this.#options;
    try {
      return await calls.run(request, signal, () => withinTime(work(), times.silenceMs));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #watchIdle(): void {
    if (this.closed) return;
    this.#idle = setTimeout(() => this.close(), this.#options.times.idleMs);
    this.#idle.unref();
  }
}

/** Rejects with an error that is named like the SDK's timeouts. */
function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(Object.assign(new Error(`nothing was sent for ${ms} ms`), { name: 'TimeoutError' }));
    }, ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
