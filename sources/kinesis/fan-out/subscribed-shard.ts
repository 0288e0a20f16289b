/**
 * One shard of a data stream, read by SubscribeToShard. For the cursor it is a shard with iterators: an iterator here is
 * the place at which a subscription begins, and the one that is running serves it as long as it stands there.
 *
 * It owns the running subscription.
 *
 * 1. The running subscription is used only for the iterator that its last page gave. A page that the cursor could not
 *    take (an error after it was read) is asked for again, by another subscription (O4).
 * 2. A subscription that ends is renewed at the continuation number of its last event, which moves on without records
 *    too. That number is a shortcut: when it is refused, the cursor goes back to its own place.
 * 3. Only a null continuation number with child shards ends the shard.
 * 4. A page for which there is no room is dropped with its subscription, and asked for again when there is (O9): it has
 *    not been returned, so it comes again (O4).
 * 5. Near the horizon each page is to begin with the last record that was read, to prove that nothing was trimmed in
 *    between (O10). A subscription cannot begin anew for each page, so such pages are read by polling.
 */
import type { StartingPosition, SubscribeToShardEvent } from '@aws-sdk/client-kinesis';
import type { StartPoint } from '../../../contracts/pipeline/options.ts';
import { isRefusal } from '../../aws/service-calls.ts';
import { SourceUnavailableError } from '../../errors.ts';
import type { IteratorPage, ShardIterators } from '../../iterator-cursor.ts';
import { MissingShard } from '../../missing-shard.ts';
import { DEFAULT_IDLE_INTERVAL_MS, MIN_INTERVAL_MS } from '../../options.ts';
import {
  type KinesisShardIterators,
  refusedStart,
  requireSameStream,
  shardNotFound,
  type StreamAccess,
} from '../shard-iterators.ts';
import { userRecords } from '../user-records.ts';
import type { FanOutConsumer } from './consumer.ts';
import { Place, type Room } from './room.ts';
import type { Subscriber } from './subscriber.ts';
import type { Subscription } from './subscription.ts';

export interface SubscribedShardOptions {
  readonly access: StreamAccess;
  readonly source: string;
  readonly consumer: FanOutConsumer;
  readonly subscriber: Subscriber;
  /** Shared by all shards of the stream. */
  readonly room: Room;
  /** The same shard, read by polling. */
  readonly polling: KinesisShardIterators;
  /** A subscription that ends before this age was ended by something. */
  readonly fullAgeMs: number;
}

/** Where a subscription begins: at the cursor's place, or at a continuation number. */
type Beginning = { readonly start: StartPoint } | { readonly beyond: string };

/** No iterator of AWS begins like this. */
const PREFIX = 'subscribe:';

export class SubscribedShard implements ShardIterators {
  readonly startIncluded = true;
  readonly #options: SubscribedShardOptions;
  readonly #shardId: string;
  readonly #place: Place;
  #running: { readonly subscription: Subscription; readonly at: string } | undefined;
  #polls = false;
  /** Events in a row that had neither a continuation number nor child shards. */
  #childless = 0;
  readonly #missing = new MissingShard();

  constructor(shardId: string, options: SubscribedShardOptions) {
    this.#shardId = shardId;
    this.#options = options;
    this.#place = new Place(options.room);
  }

  async open(from: StartPoint, signal: AbortSignal): Promise<string> {
    // Whoever wants another iterator while one is good is near the horizon.
    this.#polls ||= this.#running?.subscription.closed === false;
    this.#close();
    return this.#polls ? await this.#options.polling.open(from, signal) : iteratorAt({ start: from });
  }

  async read(iterator: string, signal: AbortSignal): Promise<IteratorPage> {
    // Whoever asks has let the page before in.
    if (this.#running?.subscription.closed !== false) this.#place.leave();
    try {
      if (this.#place.shouldYield) await this.#waitForRoom(signal);
      for (;;) {
        const page = await this.#pageWithRoom(iterator, signal);
        if (page !== undefined) return page;
        await this.#waitForRoom(signal);
      }
    } catch (error) {
      this.#close();
      this.#place.leave();
      throw error;
    }
  }

  /** A function of its own, so that nothing holds a page that is dropped. */
  async #pageWithRoom(iterator: string, signal: AbortSignal): Promise<IteratorPage | undefined> {
    const page = await this.#nextPage(iterator, signal);
    return this.#place.take(sizeOf(page), signal) ? page : undefined;
  }

  async #nextPage(iterator: string, signal: AbortSignal): Promise<IteratorPage> {
    if (!iterator.startsWith(PREFIX)) return await this.#poll(iterator, signal);
    this.#polls = false;
    return await this.#page(await this.#nextEvent(iterator, signal), signal);
  }

  async #waitForRoom(signal: AbortSignal): Promise<void> {
    this.#close();
    await this.#place.wait(signal);
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
      // Where nothing is pushed, the pace is that of polling.
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
      const event = await this.#unlessTakenOver(subscription.next(signal));
      if (event !== undefined) return event;
      this.#running = undefined;
      if (subscription.ageMs < this.#options.fullAgeMs) throw this.#endedEarly(subscription.ageMs);
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

  /** As with polling: without child shards it is an end only where the listing says so too, and when asked again. */
  async #isCutShort({ ChildShards = [] }: SubscribeToShardEvent, signal: AbortSignal): Promise<boolean> {
    if (ChildShards.length > 0) return false;
    this.#childless += 1;
    if (this.#childless === 1) return true;
    const state = await this.#options.access.shards.stateOf(this.#shardId, signal);
    return state !== 'closed' && state !== 'expired';
  }

  async #subscribe(iterator: string, signal: AbortSignal): Promise<Subscription> {
    const { access, consumer, source, subscriber } = this.#options;
    const at = beginningOf(iterator);
    try {
      return await this.#unlessTakenOver(subscriber.subscribe(this.#shardId, startingPosition(at), signal));
    } catch (error) {
      if ('start' in at) await requireSameStream(error, at.start, access.shards, signal);
      if (isRefusal(error, 'InvalidArgumentException')) {
        throw 'start' in at ? refusedStart(error, at.start) : refusedContinuation(source, error);
      }
      if (!isRefusal(error, 'ResourceNotFoundException')) throw error;
      // The consumer may have been deregistered. If so, it is registered again.
      consumer.forget();
      throw shardNotFound(error, this.#shardId, await access.shards.lookFor(this.#shardId, signal), this.#missing);
    }
  }

  /** A shard has one subscription a consumer, and the latest one wins. */
  async #unlessTakenOver<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!isRefusal(error, 'ResourceInUseException')) throw error;
      throw this.#unavailable('is subscribed to by somebody else, or was a moment ago', error);
    }
  }

  #endedEarly(ageMs: number): SourceUnavailableError {
    return this.#unavailable(`was subscribed to for ${Math.round(ageMs / 1000)}s only, then the service ended it`);
  }

  #unavailable(what: string, cause?: Error): SourceUnavailableError {
    const { consumer, source } = this.#options;
    const message = `${source}: shard ${this.#shardId} ${what} (consumer ${consumer.name}). It is subscribed to again; if this stays, something else reads with the same consumer: give each pipeline one of its own in \`fanOut\`.`;
    return new SourceUnavailableError(source, message, cause === undefined ? {} : { cause });
  }

  #close(): void {
    this.#running?.subscription.close();
    this.#running = undefined;
  }
}

/** As for an iterator that has grown old: the cursor goes on from its own place at once. */
function refusedContinuation(source: string, error: Error): SourceUnavailableError {
  const cause = Object.assign(new Error(error.message), { name: 'ExpiredIteratorException' });
  return new SourceUnavailableError(source, error.message, { cause });
}

function sizeOf({ records }: IteratorPage): number {
  return records.reduce((sum, { data, partitionKey }) => sum + data.byteLength + partitionKey.length, 0);
}

function iteratorAt(beginning: Beginning): string {
  return `${PREFIX}${JSON.stringify(beginning)}`;
}

function beginningOf(iterator: string): Beginning {
  return JSON.parse(iterator.slice(PREFIX.length)) as Beginning;
}

function startingPosition(at: Beginning): StartingPosition {
  if ('beyond' in at) return { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: at.beyond };
  const { start } = at;
  if (start.at === 'horizon') return { Type: 'TRIM_HORIZON' };
  if (start.at === 'time') return { Type: 'AT_TIMESTAMP', Timestamp: new Date(start.since) };
  // At it, not after it, for the same reasons as when polling: it proves, and of an aggregate a part may be missing.
  return { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: start.position.sequenceNumber };
}
