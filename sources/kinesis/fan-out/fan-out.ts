import type { KinesisConfig } from '../../../contracts/public/source-config.ts';
import type { ShardIterators } from '../../iterator-cursor.ts';
import { KinesisShardIterators, type StreamAccess } from '../shard-iterators.ts';
import { FanOutConsumer } from './consumer.ts';
import { PushBudget } from './push-budget.ts';
import { SubscribedShard } from './subscribed-shard.ts';
import { Subscriber } from './subscriber.ts';
import type { SubscriptionTimes } from './subscription.ts';

export interface FanOutLimits extends SubscriptionTimes {
  /** AWS rejects another subscription of a shard for this long. */
  readonly pauseMs: number;
  /** A subscription that ends before this age was ended by something else: AWS ends one after five minutes. */
  readonly fullAgeMs: number;
  /** Bytes of records that all subscriptions of this process may hold together. */
  readonly budgetBytes: number;
}

export const FAN_OUT_LIMITS: FanOutLimits = {
  pauseMs: 5000,
  fullAgeMs: 4 * 60_000,
  // The same as in the AWS SDK for Java, which AWS's own consumer library uses.
  silenceMs: 30_000,
  // Below the time after which AWS closes a connection that is not read.
  idleMs: 10_000,
  budgetBytes: 64 * 1024 * 1024,
};

/** Enhanced fan-out of one stream: its consumer, and all subscriptions of this process. */
export class FanOut {
  readonly consumer: FanOutConsumer;
  readonly #source: string;
  readonly #access: StreamAccess;
  readonly #subscriber: Subscriber;
  readonly #pushBudget: PushBudget;
  readonly #close: () => void;
  readonly #limits: FanOutLimits;

  constructor(
    { consumer: name }: NonNullable<KinesisConfig['fanOut']>,
    source: string,
    access: StreamAccess,
    place: Pick<KinesisConfig, 'region' | 'endpoint'>,
    limits: FanOutLimits = FAN_OUT_LIMITS,
  ) {
    const { calls, client, stream } = access;
    const consumer = new FanOutConsumer({ client, calls, stream, source, name });
    const subscriber = new Subscriber({ place, calls, consumer, source, times: limits });
    this.consumer = consumer;
    this.#source = source;
    this.#access = access;
    this.#subscriber = subscriber;
    this.#limits = limits;
    this.#pushBudget = new PushBudget(limits.budgetBytes);
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
      pushBudget: this.#pushBudget,
      polling: new KinesisShardIterators(this.#access, shardId),
      fullAgeMs: this.#limits.fullAgeMs,
    });
  }

  close(): void {
    this.#close();
  }
}
