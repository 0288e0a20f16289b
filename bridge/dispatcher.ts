/**
 * Hands records over to lanes and to the quarantine.
 *
 * Owns one queue for each lane that has something to come, and the turns in which they send. Does not own the records'
 * budget, nor the checkpoints: it says when a record is held durably, and nothing before.
 *
 * Invariants:
 * - D1: at most one request in flight for each lane; the next begins where the accepted one ended (O1, O6).
 * - D2: at most `requestsInFlight` over all lanes. Lanes take turns in the order in which they asked, one request each; a
 *   lane that waits after a failure holds no turn, so it delays no other (O3).
 * - D3: a request that fails is repeated, with the same records in front, until it is accepted or the dispatcher is
 *   stopped. Nothing is dropped, nothing overtakes (O1, O9).
 */
import { setMaxListeners } from 'node:events';
import { backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import { HandoverRefusedError, type Handover, type LaneGateway } from './lane-gateway.ts';
import { LaneQueue, queueId, toBatch } from './lane-queue.ts';
import type { Stamper } from './lease.ts';

const BACKOFF = { firstMs: 100, mostMs: 10_000 };

export interface DispatcherOptions {
  readonly gateway: LaneGateway;
  readonly lease: Stamper;
  readonly requestsInFlight: number;
  readonly clock: Clock;
  readonly random: () => number;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #stopping = new AbortController();
  readonly #queues = new Map<string, LaneQueue>();
  readonly #whenEmpty = new Set<() => void>();
  readonly #whenStuck = new Set<() => void>();
  /** Queues whose front is refused until later. */
  readonly #refused = new Set<LaneQueue>();
  /** A set keeps the order of arrival, and gives up its first in constant time. */
  readonly #ready = new Set<LaneQueue>();
  #sending = 0;
  #soon = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    setMaxListeners(0, this.#stopping.signal);
  }

  /** @param accepted called once, when the record is held durably */
  submit(handover: Handover, accepted: () => void): void {
    const id = queueId(handover);
    let queue = this.#queues.get(id);
    if (queue === undefined) {
      queue = new LaneQueue(id);
      this.#queues.set(id, queue);
      this.#ready.add(queue);
    }
    queue.add({ handover, accepted });
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
  async whenStuck(): Promise<void> {
    if (this.#isStuck) return;
    await new Promise<void>((resolve) => this.#whenStuck.add(resolve));
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
    while (this.#sending < this.#options.requestsInFlight && !this.#stopping.signal.aborted) {
      const [queue] = this.#ready;
      if (queue === undefined) return;
      this.#ready.delete(queue);
      this.#sending += 1;
      void this.#send(queue);
    }
  }

  async #send(queue: LaneQueue): Promise<void> {
    const { gateway, lease } = this.#options;
    const { signal } = this.#stopping;
    let failure: unknown;
    let sent = 0;
    try {
      // A new stamp for each request; what arrives while it is waited for goes into the same request.
      const leaseUntil = await lease.stamp();
      signal.throwIfAborted();
      const front = queue.front();
      await gateway.send({ ...toBatch(front), leaseUntil, attempt: queue.failures + 1 }, signal);
      sent = front.length;
    } catch (error) {
      failure = error;
    }
    this.#sending -= 1;
    // An answer that came after the stop is not counted: the reader may have reported its checkpoints by now.
    if (!signal.aborted) this.#after(queue, sent, failure);
  }

  #after(queue: LaneQueue, sent: number, failure: unknown): void {
    if (failure === undefined) {
      queue.failures = 0;
      queue.accept(sent);
      if (queue.empty) this.#forget(queue);
      else this.#ready.add(queue);
    } else {
      queue.failures += 1;
      void this.#backOff(queue, failure);
    }
    this.#takeTurns();
  }

  async #backOff(queue: LaneQueue, failure: unknown): Promise<void> {
    const { clock, random } = this.#options;
    const refused = failure instanceof HandoverRefusedError;
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
    for (const resolve of this.#whenStuck) resolve();
    this.#whenStuck.clear();
  }
}
