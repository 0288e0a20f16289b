/**
 * Delivers records to lanes and to the quarantine.
 *
 * Owns one queue for each lane that has records waiting, and the turns in which the queues send. Does not own the
 * records' budget, nor the checkpoints: it only reports when a record is held durably.
 *
 * Invariants:
 * - dispatcher.D1: at most one request in flight for each lane; the next starts where the accepted one ended (O1, O6).
 * - dispatcher.D2: at most `requestsInFlight` over all lanes, and fewer when Temporal makes no use of more or is under
 *   pressure (pacer.ts). Lanes take turns in the order in which they asked, one request each; a lane that waits after a
 *   failure holds no turn, so it delays no other (O3).
 * - dispatcher.D3: a request that fails is repeated, with the same records in front, until it is accepted or the
 *   dispatcher is stopped. Nothing is dropped, nothing overtakes (O1, O9). A request that is too large is repeated with
 *   fewer records.
 * - dispatcher.D4: a record whose data is being written to a store waits for that write, together with all later
 *   records of its lane or pool, and holds no turn (O3, O4). The caller of `submit` bounds the wait: after it, the
 *   record is sent without its data, since a record sent out of order to a pool would be taken for a repeat and dropped
 *   (O6). A single record that is too large is also sent without its data.
 */
import { setMaxListeners } from 'node:events';
import { backoffMs } from '../../lib/pure/backoff.ts';
import type { Clock } from '../../lib/node/clock.ts';
import {
  DeliveryRejectedError,
  PressureError,
  RequestTooLargeError,
  type Delivery,
  type LaneGateway,
} from './gateway.ts';
import { LaneQueue, queueId, toBatch, type Entry } from './lane-queue.ts';
import type { Stamper } from '../lease/lease.ts';
import { Pacer, type SentRequest } from './pacer.ts';

const BACKOFF = { firstMs: 100, maxMs: 10_000 };

export interface DispatcherOptions {
  readonly gateway: LaneGateway;
  readonly lease: Stamper;
  readonly requestsInFlight: number;
  /** Number of pools of the pipeline. @default each key has a lane of its own */
  readonly pools?: number | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #stopping = new AbortController();
  readonly #queues = new Map<string, LaneQueue>();
  readonly #whenEmpty = new Set<() => void>();
  readonly #whenOnlyRejectedRemain = new Set<() => void>();
  /** Queues whose first records were rejected and are sent again later. */
  readonly #rejected = new Set<LaneQueue>();
  /** A set keeps the order of arrival and removes its first element in constant time. */
  readonly #ready = new Set<LaneQueue>();
  /** Queues at whose front is a record that may not be sent yet. */
  readonly #awaitingStore = new Set<LaneQueue>();
  readonly #pacer: Pacer;
  #sending = 0;
  #isScheduled = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { requestsInFlight: max, clock, random } = options;
    this.#pacer = new Pacer({ max, now: () => clock.now(), random });
    setMaxListeners(0, this.#stopping.signal);
  }

  /**
   * @param accepted called once, when the record is held durably
   * @param stored resolves with what to send when the record may be sent, and never rejects. @default as it is, at once
   */
  submit(delivery: Delivery, accepted: () => void, stored?: Promise<Delivery>): void {
    const id = queueId(delivery, this.#options.pools);
    let queue = this.#queues.get(id);
    if (queue === undefined) {
      queue = new LaneQueue(id);
      this.#queues.set(id, queue);
      this.#ready.add(queue);
    }
    const entry: Entry = { delivery, accepted, isStored: stored === undefined };
    queue.add(entry);
    void stored?.then((ready) => this.#stored(queue, entry, ready));
    this.#scheduleTurns();
  }

  #stored(queue: LaneQueue, entry: Entry, delivery: Delivery): void {
    queue.set(entry, delivery);
    if (!this.#awaitingStore.delete(queue)) return;
    this.#ready.add(queue);
    this.#scheduleTurns();
  }

  /** Resolves as soon as everything submitted is held durably; never when records remained at a stop. */
  async whenEmpty(): Promise<void> {
    if (this.#queues.size === 0) return;
    await new Promise<void>((resolve) => this.#whenEmpty.add(resolve));
  }

  /**
   * Resolves as soon as only rejected records remain, or none: waiting longer is of little use. Never after a stop.
   */
  async whenOnlyRejectedRemain(): Promise<void> {
    if (this.#onlyRejectedRemain) return;
    await new Promise<void>((resolve) => this.#whenOnlyRejectedRemain.add(resolve));
  }

  get #onlyRejectedRemain(): boolean {
    return this.#queues.size === this.#rejected.size;
  }

  /** Sends nothing more and cancels the requests in flight. Whether those still arrive does not matter (O6). */
  stop(): void {
    this.#stopping.abort(new Error('The reader has stopped.'));
  }

  /** After this turn of the event loop, so that the records of one page go to their lane together. */
  #scheduleTurns(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#takeTurns();
    });
  }

  #takeTurns(): void {
    while (this.#pacer.maySend(this.#sending) && !this.#stopping.signal.aborted) {
      const [queue] = this.#ready;
      if (queue === undefined) return;
      this.#ready.delete(queue);
      if (!queue.sendable) {
        this.#awaitingStore.add(queue);
        continue;
      }
      this.#sending += 1;
      void this.#send(queue);
    }
  }

  async #send(queue: LaneQueue): Promise<void> {
    const { gateway, lease, pools } = this.#options;
    const { signal } = this.#stopping;
    const sentRequest = this.#pacer.start(this.#sending, queue.failedAt);
    let failure: unknown;
    let sent = 0;
    try {
      // Each request has a new stamp. Records that arrive while the stamp is awaited go into the same request.
      const leaseUntil = await lease.stamp();
      signal.throwIfAborted();
      const front = queue.front();
      sent = front.length;
      await gateway.send({ ...toBatch(front, pools), leaseUntil, attempt: queue.failures + 1 }, signal);
    } catch (error) {
      failure = error;
    }
    this.#sending -= 1;
    // An answer that came after the stop is not counted: the reader may have reported its checkpoints by now.
    if (!signal.aborted) this.#settle(queue, sentRequest, sent, failure);
  }

  #settle(queue: LaneQueue, sentRequest: SentRequest, sent: number, failure: unknown): void {
    if (failure === undefined) {
      this.#pacer.succeeded(sentRequest);
      queue.failures = 0;
      queue.failedAt = undefined;
      queue.accept(sent);
      if (queue.empty) this.#forget(queue);
      else this.#ready.add(queue);
    } else {
      queue.failures += 1;
      if (failure instanceof RequestTooLargeError) queue.tooLarge(sent);
      this.#retryLater(queue, sentRequest, failure);
    }
    this.#takeTurns();
  }

  /** A queue that pauses together with all queues needs no wait of its own. */
  #retryLater(queue: LaneQueue, sentRequest: SentRequest, failure: unknown): void {
    const pauseMs = failure instanceof PressureError ? this.#pacer.failed(sentRequest, failure.isThrottled) : undefined;
    if (failure instanceof DeliveryRejectedError || failure instanceof RequestTooLargeError)
      this.#pacer.rejected(sentRequest);
    if (failure instanceof RequestTooLargeError) {
      this.#ready.add(queue);
      return;
    }
    queue.failedAt = this.#pacer.successes;
    if (pauseMs === undefined) {
      void this.#backOff(queue, failure);
      return;
    }
    this.#ready.add(queue);
    if (pauseMs > 0) void this.#pause(pauseMs);
  }

  async #pause(ms: number): Promise<void> {
    await this.#options.clock.sleep(ms, this.#stopping.signal);
    this.#pacer.resume();
    this.#takeTurns();
  }

  async #backOff(queue: LaneQueue, failure: unknown): Promise<void> {
    const { clock, random } = this.#options;
    const rejected = failure instanceof DeliveryRejectedError;
    if (rejected) {
      this.#rejected.add(queue);
      this.#notifyWhenOnlyRejectedRemain();
    }
    await clock.sleep(
      rejected ? failure.retryAfterMs : backoffMs(BACKOFF, queue.failures, random),
      this.#stopping.signal,
    );
    this.#rejected.delete(queue);
    this.#ready.add(queue);
    this.#takeTurns();
  }

  #forget(queue: LaneQueue): void {
    this.#queues.delete(queue.id);
    this.#notifyWhenOnlyRejectedRemain();
    if (this.#queues.size > 0) return;
    for (const resolve of this.#whenEmpty) resolve();
    this.#whenEmpty.clear();
  }

  #notifyWhenOnlyRejectedRemain(): void {
    if (!this.#onlyRejectedRemain) return;
    for (const resolve of this.#whenOnlyRejectedRemain) resolve();
    this.#whenOnlyRejectedRemain.clear();
  }
}
