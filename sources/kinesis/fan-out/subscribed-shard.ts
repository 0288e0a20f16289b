/**
 * One shard of a data stream, read by SubscribeToShard. For the cursor it is a shard with iterators: an iterator here
 * is the position at which a subscription starts, and the running subscription serves it as long as it is at that
 * position.
 *
 * Owns the running subscription.
 *
 * - subscribed-shard.U1: the running subscription is used only for the iterator that its last page returned. A page
 *   that the cursor could not use (an error after it was read) is requested again, by another subscription (O4).
 * - subscribed-shard.U2: a subscription that ends is renewed at the continuation number of its last event, which
 *   advances without records too. That number is a shortcut: when it is rejected, the cursor returns to its own
 *   position.
 * - subscribed-shard.U3: only a null continuation number with child shards ends the shard.
 * - subscribed-shard.U4: a page that exceeds the push budget is dropped with its subscription, and requested again when
 *   the budget allows it (O9): it was not returned, so it comes again (O4).
 * - subscribed-shard.U5: near the horizon each page must start with the last record that was read, to prove that
 *   nothing was trimmed in between (O10). A subscription cannot start again for each page, so such pages are read by
 *   polling.
 */
import type { StartingPosition, SubscribeToShardEvent } from '@aws-sdk/client-kinesis';
import type { StartPoint } from '../../../contracts/pipeline/options.ts';
import { isServiceError } from '../../aws/service-calls.ts';
import { SourceUnavailableError } from '../../errors.ts';
import type { IteratorPage, ShardIterators } from '../../iterator-cursor.ts';
import { MissingShard } from '../../missing-shard.ts';
import { DEFAULT_IDLE_INTERVAL_MS, MIN_INTERVAL_MS } from '../../options.ts';
import {
  type KinesisShardIterators,
  startRejected,
  requireSameStream,
  shardNotFound,
  type StreamAccess,
} from '../shard-iterators.ts';
import { userRecords } from '../user-records.ts';
import type { FanOutConsumer } from './consumer.ts';
import { PushShare, type PushBudget } from './push-budget.ts';
import type { Subscriber } from './subscriber.ts';
import type { Subscription } from './subscription.ts';

export interface SubscribedShardOptions {
  readonly access: StreamAccess;
  readonly source: string;
  readonly consumer: FanOutConsumer;
  readonly subscriber: Subscriber;
  /** Shared by all shards of the stream. */
  readonly pushBudget: PushBudget;
  /** The same shard, read by polling. */
  readonly polling: KinesisShardIterators;
  /** A subscription that ends before this age did not end regularly. */
  readonly fullAgeMs: number;
}

/** Where a subscription starts: at the cursor's position, or at a continuation number. */
type SubscriptionStart = { readonly start: StartPoint } | { readonly beyond: string };

/** No iterator of AWS starts like this. */
const PREFIX = 'subscribe:';

export class SubscribedShard implements ShardIterators {
  readonly startIncluded = true;
  readonly #options: SubscribedShardOptions;
  readonly #shardId: string;
  readonly #share: PushShare;
  #running: { readonly subscription: Subscription; readonly at: string } | undefined;
  #polls = false;
  /** Events in a row that had neither a continuation number nor child shards. */
  #childless = 0;
  readonly #missing = new MissingShard();

  constructor(shardId: string, options: SubscribedShardOptions) {
    this.#shardId = shardId;
    this.#options = options;
    this.#share = new PushShare(options.pushBudget);
  }

  async open(from: StartPoint, signal: AbortSignal): Promise<string> {
    // The cursor opens another iterator while one is valid only near the horizon.
    this.#polls ||= this.#running?.subscription.closed === false;
    this.#close();
    return this.#polls ? await this.#options.polling.open(from, signal) : iteratorAt({ start: from });
  }

  async read(iterator: string, signal: AbortSignal): Promise<IteratorPage> {
    // The caller has admitted the previous page.
    if (this.#running?.subscription.closed !== false) this.#share.leave();
    try {
      if (this.#share.shouldYield) await this.#waitForBudget(signal);
      for (;;) {
        const page = await this.#pageWithinBudget(iterator, signal);
        if (page !== undefined) return page;
        await this.#waitForBudget(signal);
      }
    } catch (error) {
      this.#close();
      this.#share.leave();
      throw error;
    }
  }

  /** A separate function, so that no variable keeps a dropped page in memory. */
  async #pageWithinBudget(iterator: string, signal: AbortSignal): Promise<IteratorPage | undefined> {
    const page = await this.#nextPage(iterator, signal);
    return this.#share.take(sizeOf(page), signal) ? page : undefined;
  }

  async #nextPage(iterator: string, signal: AbortSignal): Promise<IteratorPage> {
    if (!iterator.startsWith(PREFIX)) return await this.#poll(iterator, signal);
    this.#polls = false;
    return await this.#page(await this.#nextEvent(iterator, signal), signal);
  }

  async #waitForBudget(signal: AbortSignal): Promise<void> {
    this.#close();
    await this.#share.wait(signal);
  }

  retentionMs(signal: AbortSignal): Promise<number> {
    return this.#options.polling.retentionMs(signal);
  }

  async #poll(iterator: string, signal: AbortSignal): Promise<IteratorPage> {
    const page = await this.#options.polling.read(iterator, signal);
    const last = page.records.at(-1)?.position.sequenceNumber;
    const isPast = page.nextIterator === undefined || last === undefined;
    return {
      ...page,
      nextIterator: isPast ? page.nextIterator : iteratorAt({ beyond: last }),
      // Without pushed records, the pace is that of polling.
      restMs: Math.max(page.restMs ?? 0, last === undefined ? DEFAULT_IDLE_INTERVAL_MS : MIN_INTERVAL_MS),
    };
  }

  async #nextEvent(iterator: string, signal: AbortSignal): Promise<SubscribeToShardEvent> {
    if (this.#running?.at !== iterator) this.#close();
    for (;;) {
      if (this.#running === undefined || this.#running.subscription.closed) {
        this.#running = { subscription: await this.#subscribe(iterator, signal), at: iterator };
      }
      const { subscription } = this.#running;
      const event = await this.#unlessSubscribedElsewhere(subscription.next(signal));
      if (event !== undefined) return event;
      this.#running = undefined;
      if (subscription.ageMs < this.#options.fullAgeMs) throw this.#endedTooEarly(subscription.ageMs);
    }
  }

  async #page(event: SubscribeToShardEvent, signal: AbortSignal): Promise<IteratorPage> {
    const { access } = this.#options;
    const { records, misrouted } = await userRecords(this.#shardId, event.Records ?? [], () =>
      access.shards.hashKeysOf(this.#shardId, signal),
    );
    this.#missing.found();
    const next = event.ContinuationSequenceNumber ?? '';
    const page = { records, misrouted, lagMs: event.MillisBehindLatest };
    if (next === '') {
      const cutShort = await this.#isCutShort(event, signal);
      this.#close();
      return { ...page, cutShort };
    }
    this.#childless = 0;
    const nextIterator = iteratorAt({ beyond: next });
    if (this.#running !== undefined) this.#running = { ...this.#running, at: nextIterator };
    return { ...page, nextIterator };
  }

  /** As with polling: without child shards it is the end only when a second read and the listing say so too. */
  async #isCutShort({ ChildShards = [] }: SubscribeToShardEvent, signal: AbortSignal): Promise<boolean> {
    if (ChildShards.length > 0) return false;
    this.#childless += 1;
    if (this.#childless === 1) return true;
    const state = await this.#options.access.shards.stateOf(this.#shardId, signal);
    return state !== 'closed' && state !== 'expired';
  }

  async #subscribe(iterator: string, signal: AbortSignal): Promise<Subscription> {
    const { access, consumer, source, subscriber } = this.#options;
    const at = startOf(iterator);
    try {
      return await this.#unlessSubscribedElsewhere(subscriber.subscribe(this.#shardId, startingPosition(at), signal));
    } catch (error) {
      if ('start' in at) await requireSameStream(error, at.start, access.shards, signal);
      if (isServiceError(error, 'InvalidArgumentException')) {
        throw 'start' in at ? startRejected(error, at.start) : continuationRejected(source, error);
      }
      if (!isServiceError(error, 'ResourceNotFoundException')) throw error;
      // The consumer may have been deregistered; then it is registered again.
      consumer.forget();
      throw shardNotFound(error, this.#shardId, await access.shards.lookFor(this.#shardId, signal), this.#missing);
    }
  }

  /** A shard has one subscription for each consumer, and the latest one replaces the others. */
  async #unlessSubscribedElsewhere<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!isServiceError(error, 'ResourceInUseException')) throw error;
      throw this.#unavailable('is subscribed to by another process, or was a moment ago', error);
    }
  }

  #endedTooEarly(ageMs: number): SourceUnavailableError {
    return this.#unavailable(`was subscribed to for ${Math.round(ageMs / 1000)}s only, then the service ended it`);
  }

  #unavailable(what: string, cause?: Error): SourceUnavailableError {
    const { consumer, source } = this.#options;
    const message = `${source}: shard ${this.#shardId} ${what} (consumer ${consumer.name}). Subscribing again; if this persists, something else reads with the same consumer: give each pipeline its own in \`fanOut\`.`;
    return new SourceUnavailableError(source, message, cause === undefined ? {} : { cause });
  }

  #close(): void {
    this.#running?.subscription.close();
    this.#running = undefined;
  }
}

/** Treated like an expired iterator: the cursor continues from its own position at once. */
function continuationRejected(source: string, error: Error): SourceUnavailableError {
  const cause = Object.assign(new Error(error.message), { name: 'ExpiredIteratorException' });
  return new SourceUnavailableError(source, error.message, { cause });
}

function sizeOf({ records }: IteratorPage): number {
  return records.reduce((sum, { data, partitionKey }) => sum + data.byteLength + partitionKey.length, 0);
}

function iteratorAt(start: SubscriptionStart): string {
  return `${PREFIX}${JSON.stringify(start)}`;
}

function startOf(iterator: string): SubscriptionStart {
  return JSON.parse(iterator.slice(PREFIX.length)) as SubscriptionStart;
}

function startingPosition(at: SubscriptionStart): StartingPosition {
  if ('beyond' in at) return { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: at.beyond };
  const { start } = at;
  if (start.at === 'horizon') return { Type: 'TRIM_HORIZON' };
  if (start.at === 'time') return { Type: 'AT_TIMESTAMP', Timestamp: new Date(start.since) };
  // At the position, not after it, for the same reasons as with polling: it proves that nothing was trimmed, and a part
  // of an aggregate may be missing.
  return { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: start.position.sequenceNumber };
}
