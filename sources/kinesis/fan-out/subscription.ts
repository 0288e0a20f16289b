/**
 * One subscription to a shard: a connection over which the service sends event after event, for five minutes at most.
 *
 * It owns the connection and the timers that watch it.
 *
 * 1. One event is asked for at a time, and nothing is read ahead here: what is not asked for stays in the connection,
 *    whose window fills up and holds the service back (O9).
 * 2. Whatever goes wrong closes it: an error, an abort, a service that says nothing for too long. So does being left
 *    alone: a subscription that nobody reads keeps a connection and records of which it is not known when they are
 *    wanted.
 * 3. Closed once, it stays closed. What had been sent and not been asked for is sent again by the next one.
 */
import type { SubscribeToShardEvent, SubscribeToShardEventStream } from '@aws-sdk/client-kinesis';
import type { ServiceCalls } from '../../aws/service-calls.ts';

/** Where a subscription comes from. The signal ends it at any time. */
export type OpenSubscription = (signal: AbortSignal) => Promise<AsyncIterable<SubscribeToShardEventStream>>;

export interface SubscriptionTimes {
  /** The service sends an event every few seconds, records or not; when none has come for so long it is not there. */
  readonly silenceMs: number;
  /** How long a subscription is kept that nobody asks for its next event. */
  readonly idleMs: number;
}

export interface SubscriptionOptions {
  readonly calls: ServiceCalls;
  /** What is asked, for errors: `SubscribeToShard of shard shardId-000000000000`. */
  readonly asked: string;
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
  static async begin(open: OpenSubscription, options: SubscriptionOptions, signal: AbortSignal): Promise<Subscription> {
    const subscription = new Subscription(options, signal);
    const events = await subscription.#ask(signal, () => open(subscription.#connection.signal));
    subscription.#events = events[Symbol.asyncIterator]();
    subscription.#watchIdle();
    return subscription;
  }

  get closed(): boolean {
    return this.#connection.signal.aborted;
  }

  /** For how long it has been there. */
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
    // The SDK keeps the message that came last in it.
    this.#events = undefined;
    this.#connection.abort(new Error('The subscription was closed.'));
  }

  async #ask<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { asked, calls, times } = this.#options;
    try {
      return await calls.run(asked, signal, () => withinTime(work(), times.silenceMs));
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

/** Rejects with what the SDK calls a timeout. */
function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(Object.assign(new Error(`nothing was sent for ${ms} ms`), { name: 'TimeoutError' }));
    }, ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
