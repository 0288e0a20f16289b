/**
 * The keys of a pool that need no lane of their own, with the events that wait for them.
 *
 * Owns the queues and which keys are in a batch. Knows nothing of Temporal.
 *
 * Invariants:
 * P1 A key is in one batch at the most, with events from the front of its queue; they stay in the queue until the batch
 *    says that they are done (O1, O5).
 * P2 Keys that are in no batch and have events take turns in the order in which they became so (O3).
 */
import { countWeighed, eventWeight, type EventLimits } from '../../contracts/event-weight.ts';
import type { LaneEvent } from '../../contracts/event.ts';
import type { WaitingKey } from '../../contracts/pool.ts';

interface Entry {
  events: LaneEvent[];
  losses: number;
  attempts: number;
  isInBatch: boolean;
}

export interface TakenKey {
  readonly key: string;
  readonly events: readonly LaneEvent[];
  readonly attempts: number;
  readonly losses: number;
}

/** Which keys a batch may have. */
export interface Choice {
  readonly limits: EventLimits;
  readonly eventsPerKey: number;
  /** @default any number */
  readonly mostKeys?: number;
  /** @default every key */
  readonly where?: (key: string) => boolean;
}

export class HealthyKeys {
  readonly #entries = new Map<string, Entry>();
  /** In no batch, with events. A set keeps the order of the turns. */
  readonly #ready = new Set<string>();
  #events = 0;
  #bytes = 0;

  constructor(waiting: readonly WaitingKey[]) {
    for (const { key, events, losses = 0, attempts = 0 } of waiting) {
      for (const event of events) this.add(key, event);
      Object.assign(this.#entries.get(key) ?? {}, { losses, attempts });
    }
  }

  get events(): number {
    return this.#events;
  }

  /** About as many as they take in Temporal. */
  get bytes(): number {
    return this.#bytes;
  }

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /** Keys that wait for their turn, the next one first. */
  ready(): IterableIterator<string> {
    return this.#ready.values();
  }

  waitingOf(key: string): readonly LaneEvent[] {
    return this.#entries.get(key)?.events ?? [];
  }

  isInBatch(key: string): boolean {
    return this.#entries.get(key)?.isInBatch ?? false;
  }

  lossesOf(key: string): number {
    return this.#entries.get(key)?.losses ?? 0;
  }

  /** How often its first event has failed in this pool. */
  attemptsOf(key: string): number {
    return this.#entries.get(key)?.attempts ?? 0;
  }

  /** Keys in no batch for which most events wait. */
  longest(count: number): string[] {
    const lengthOf = (key: string) => this.waitingOf(key).length;
    return [...this.#ready].toSorted((a, b) => lengthOf(b) - lengthOf(a)).slice(0, count);
  }

  add(key: string, event: LaneEvent): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, { events: [event], losses: 0, attempts: 0, isInBatch: false });
      this.#ready.add(key);
    } else {
      entry.events.push(event);
    }
    this.#events += 1;
    this.#bytes += eventWeight(event);
  }

  /** Puts keys into a batch, in the order of their turns; none when no key may be taken. */
  take({ limits, eventsPerKey, mostKeys = Infinity, where = () => true }: Choice): TakenKey[] {
    const taken: TakenKey[] = [];
    const left = { events: limits.events, bytes: limits.bytes };
    for (const key of this.#ready) {
      if (taken.length >= mostKeys || left.events <= 0 || left.bytes <= 0) break;
      const entry = this.#entries.get(key) as Entry;
      if (!where(key)) continue;
      const events = this.#front(entry, { events: Math.min(eventsPerKey, left.events), bytes: left.bytes });
      const bytes = events.reduce((sum, event) => sum + eventWeight(event), 0);
      // One event alone may be larger than a batch should be.
      if (taken.length > 0 && bytes > left.bytes) break;
      left.events -= events.length;
      left.bytes -= bytes;
      entry.isInBatch = true;
      this.#ready.delete(key);
      taken.push({ key, events, attempts: entry.attempts, losses: entry.losses });
    }
    return taken;
  }

  /** A key that was lost or failed before tries one event at a time. What lies elsewhere is fetched in a lane. */
  #front({ events, losses, attempts }: Entry, limits: EventLimits): readonly LaneEvent[] {
    if (losses > 0 || attempts > 0) return events.slice(0, 1);
    const most = events.slice(0, countWeighed(events.slice(0, limits.events), limits, eventWeight));
    const left = most.findIndex((event, index) => index > 0 && 'left' in event.data);
    return left === -1 ? most : most.slice(0, left);
  }

  /** The batch does not have the key any more; so many of its events are done. */
  release(key: string, done: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#drop(entry, done);
    entry.isInBatch = false;
    if (done > 0) {
      entry.losses = 0;
      entry.attempts = 0;
    }
    if (entry.events.length === 0) this.#entries.delete(key);
    else this.#ready.add(key);
  }

  /** The process that had the key was lost; nothing is known of what it did beyond what it had told. */
  lost(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.losses += 1;
  }

  /** Its first event failed, for a reason that lies elsewhere. */
  failed(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.attempts += 1;
  }

  /** Takes a key out that is in no batch, with all that waits for it. */
  remove(key: string): LaneEvent[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    const { events } = entry;
    this.#drop(entry, events.length);
    this.#entries.delete(key);
    this.#ready.delete(key);
    return events;
  }

  #drop(entry: Entry, count: number): void {
    const dropped = entry.events.slice(0, count);
    entry.events = entry.events.slice(count);
    this.#events -= dropped.length;
    this.#bytes -= dropped.reduce((sum, event) => sum + eventWeight(event), 0);
  }

  /** All of it, when nothing is in a batch. */
  toWaiting(): WaitingKey[] {
    const keys = [...this.#ready, ...[...this.#entries.keys()].filter((key) => !this.#ready.has(key))];
    return keys.map((key): WaitingKey => {
      const { events, losses, attempts } = this.#entries.get(key) as Entry;
      return { key, events, losses, attempts };
    });
  }
}
