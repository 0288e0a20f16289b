import type { KinesisConfig } from '../../../contracts/config.ts';
import type { ShardIterators } from '../../iterator-cursor.ts';
import { KinesisShardIterators, type StreamAccess } from '../shard-iterators.ts';
import { FanOutConsumer } from './consumer.ts';
import { SubscribedShard } from './subscribed-shard.ts';
import { Subscriber } from './subscriber.ts';
import type { SubscriptionTimes } from './subscription.ts';

export interface FanOutTimes extends SubscriptionTimes {
  /** AWS refuses another subscription of a shard for so long. */
  readonly pauseMs: number;
  /** A subscription that ends before this age was ended by something: AWS ends one after five minutes. */
  readonly fullAgeMs: number;
}

export const FAN_OUT_TIMES: FanOutTimes = {
  pauseMs: 5000,
  fullAgeMs: 4 * 60_000,
  // As long as the AWS SDK for Java waits, on which AWS's own consumer library runs.
  silenceMs: 30_000,
  // Below the time after which AWS itself gives up a connection that nobody reads.
  idleMs: 10_000,
};

/** Enhanced fan-out of one stream: its consumer, and all subscriptions of this process. */
export class FanOut {
  readonly consumer: FanOutConsumer;
  readonly #source: string;
  readonly #access: StreamAccess;
  readonly #subscriber: Subscriber;
  readonly #close: () => void;
  readonly #times: FanOutTimes;

  constructor(
    { consumer: name }: NonNullable<KinesisConfig['fanOut']>,
    source: string,
    access: StreamAccess,
    place: Pick<KinesisConfig, 'region' | 'endpoint'>,
    times: FanOutTimes = FAN_OUT_TIMES,
  ) {
    const { calls, client, stream } = access;
    const consumer = new FanOutConsumer({ client, calls, stream, source, name });
    const subscriber = new Subscriber({ place, calls, consumer, source, times });
    this.consumer = consumer;
    this.#source = source;
    this.#access = access;
    this.#subscriber = subscriber;
    this.#times = times;
    this.#close = () => {
      consumer.close();
      subscriber.close();
    };
  }

  shard(shardId: string): ShardIterators {
    return new SubscribedShard(shardId, {
      access: this.#access,
      source: this.#source,
      consumer: this.consumer,
      subscriber: this.#subscriber,
      polling: new KinesisShardIterators(this.#access, shardId),
      fullAgeMs: this.#times.fullAgeMs,
    });
  }

  close(): void {
    this.#close();
  }
}
