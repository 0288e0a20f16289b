/**
 * Hands records over to lanes and to the quarantine.
 *
 * Owns one queue for each lane that has something to come, and the turns in which they send. Does not own the records'
 * budget, nor the checkpoints: it says when a record is held durably, and nothing before.
 *
 * Invariants:
 * - D1: at most one request in flight for each lane; the next begins where the accepted one ended (O1, O6).
 * - D2: at most `requestsInFlight` over all lanes, and fewer when Temporal makes no use of more, or is under pressure (pacer.ts). Lanes take turns
 *   in the order in which they asked, one request each; a lane that waits after a failure holds no turn, so it delays no
 *   other (O3).
 * - D3: a request that fails is repeated, with the same records in front, until it is accepted or the dispatcher is
 *   stopped. Nothing is dropped, nothing overtakes (O1, O9). One that is too large is repeated with fewer of them.
 * - D4: a record whose data is being written to a store waits for that, with all of its lane or pool that came after it, and
 *   holds no turn (O3, O4). The wait is bounded by whoever submits: then the record goes on without its data, since what is
 *   sent out of order to a pool would be taken for a repeat and dropped (O6). So does a single one that is too large.
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
import { Pacer, type Ticket } from './pacer.ts';

const BACKOFF = { firstMs: 100, maxMs: 10_000 };

export interface DispatcherOptions {
  readonly gateway: LaneGateway;
  readonly lease: Stamper;
  readonly requestsInFlight: number;
  /** Of the pipeline. @default each key has a lane of its own */
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
  /** Queues whose front is refused until later. */
  readonly #refused = new Set<LaneQueue>();
  /** A set keeps the order of arrival, and gives up its first in constant time. */
  readonly #ready = new Set<LaneQueue>();
  /** Queues at whose front is a record that may not be sent yet. */
  readonly #waiting = new Set<LaneQueue>();
  readonly #pacer: Pacer;
  #sending = 0;
  #soon = false;

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
    this.#takeTurnsSoon();
  }

  #stored(queue: LaneQueue, entry: Entry, delivery: Delivery): void {
    queue.set(entry, delivery);
    if (!this.#waiting.delete(queue)) return;
    this.#ready.add(queue);
    this.#takeTurnsSoon();
  }

  /** Resolves as soon as everything submitted is held durably; never after a stop with something left. */
  async whenEmpty(): Promise<void> {
    if (this.#queues.size === 0) return;
    await new Promise<void>((resolve) => this.#whenEmpty.add(resolve));
  }

  /**
   * Resolves as soon as nothing is left but what is refused until later, or nothing at all: waiting longer is of little
   * use. Never after a stop.
   */
  async whenOnlyRejectedRemain(): Promise<void> {
    if (this.#isStuck) return;
    await new Promise<void>((resolve) => this.#whenOnlyRejectedRemain.add(resolve));
  }

  get #isStuck(): boolean {
    return this.#queues.size === this.#refused.size;
  }

  /** Sends nothing more and cancels what is in flight. Whether that still arrives does not matter (O6). */
  stop(): void {
    this.#stopping.abort(new Error('The reader has stopped.'));
  }

  /** After this turn of the event loop, so that the records of one page go to their lane together. */
  #takeTurnsSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      this.#takeTurns();
    });
  }

  #takeTurns(): void {
    while (this.#pacer.mayBegin(this.#sending) && !this.#stopping.signal.aborted) {
      const [queue] = this.#ready;
      if (queue === undefined) return;
      this.#ready.delete(queue);
      if (!queue.sendable) {
        this.#waiting.add(queue);
        continue;
      }
      this.#sending += 1;
      void this.#send(queue);
    }
  }

  async #send(queue: LaneQueue): Promise<void> {
    const { gateway, lease, pools } = this.#options;
    const { signal } = this.#stopping;
    const ticket = this.#pacer.begin(this.#sending, queue.failedAt);
    let failure: unknown;
    let sent = 0;
    try {
      // A new stamp for each request; what arrives while it is waited for goes into the same request.
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
    if (!signal.aborted) this.#after(queue, ticket, sent, failure);
  }

  #after(queue: LaneQueue, ticket: Ticket, sent: number, failure: unknown): void {
    if (failure === undefined) {
      this.#pacer.succeeded(ticket);
      queue.failures = 0;
      queue.failedAt = undefined;
      queue.accept(sent);
      if (queue.empty) this.#forget(queue);
      else this.#ready.add(queue);
    } else {
      queue.failures += 1;
      if (failure instanceof RequestTooLargeError) queue.tooLarge(sent);
      this.#wait(queue, ticket, failure);
    }
    this.#takeTurns();
  }

  /** Whoever waits with all the others waits for nothing else. */
  #wait(queue: LaneQueue, ticket: Ticket, failure: unknown): void {
    const restMs = failure instanceof PressureError ? this.#pacer.failed(ticket, failure.isThrottled) : undefined;
    if (failure instanceof DeliveryRejectedError || failure instanceof RequestTooLargeError)
      this.#pacer.refused(ticket);
    if (failure instanceof RequestTooLargeError) {
      this.#ready.add(queue);
      return;
    }
    queue.failedAt = this.#pacer.successes;
    if (restMs === undefined) {
      void this.#backOff(queue, failure);
      return;
    }
    this.#ready.add(queue);
    if (restMs > 0) void this.#rest(restMs);
  }

  async #rest(ms: number): Promise<void> {
    await this.#options.clock.sleep(ms, this.#stopping.signal);
    this.#pacer.wake();
    this.#takeTurns();
  }

  async #backOff(queue: LaneQueue, failure: unknown): Promise<void> {
    const { clock, random } = this.#options;
    const refused = failure instanceof DeliveryRejectedError;
    if (refused) {
      this.#refused.add(queue);
      this.#tellStuck();
    }
    await clock.sleep(
      refused ? failure.retryAfterMs : backoffMs(BACKOFF, queue.failures, random),
      this.#stopping.signal,
    );
    this.#refused.delete(queue);
    this.#ready.add(queue);
    this.#takeTurns();
  }

  #forget(queue: LaneQueue): void {
    this.#queues.delete(queue.id);
    this.#tellStuck();
    if (this.#queues.size > 0) return;
    for (const resolve of this.#whenEmpty) resolve();
    this.#whenEmpty.clear();
  }

  #tellStuck(): void {
    if (!this.#isStuck) return;
    for (const resolve of this.#whenOnlyRejectedRemain) resolve();
    this.#whenOnlyRejectedRemain.clear();
  }
}
