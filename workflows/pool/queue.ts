/**
 * The keys of a pool that need no lane of their own, with the events that wait for them.
 *
 * Owns the queues and which keys are in a batch. Knows nothing of Temporal.
 *
 * Invariants:
 * P1 A key is in one batch at the most, with events from the front of its queue; they stay in the queue until the batch
 *    says that they are done (O1, O5).
 * P3 A key that leaves is in no batch any more, and is not tried before its own lane has begun.
 * P2 Keys that are in no batch and have events take turns in the order in which they became so (O3).
 */
import { countWeighed, eventWeight, type EventLimits } from '../../contracts/event/weight.ts';
import type { LaneEvent } from '../../contracts/event/event.ts';
import type { FailedEvent } from '../../contracts/event/failure.ts';
import type { FailingKeys } from '../../contracts/pool/view.ts';
import type { WaitingKey } from '../../contracts/pool/state.ts';
import { failedAgain, type Failing } from './failing.ts';
import { FailureTable } from './failure-table.ts';

const SAMPLE_KEYS = 5;

interface Entry {
  events: LaneEvent[];
  losses: number;
  /** Set when its first event has failed in this pool. */
  failing: Failing | undefined;
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
  /** Failing keys that have no attempts left in the pool, in the order of their turns. */
  readonly #leaving = new Set<string>();
  #failing = 0;
  #events = 0;
  #bytes = 0;

  constructor(waiting: readonly WaitingKey[], failures: readonly FailedEvent[] = []) {
    for (const one of waiting) {
      for (const event of one.events) this.add(one.key, event);
      this.recall(one, failures);
    }
  }

  /** Takes over what an earlier run knew of a key whose events are here. */
  recall({ key, losses = 0, attempts = 0, failing }: WaitingKey, failures: readonly FailedEvent[]): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.losses = losses;
    if (attempts === 0) return;
    const { failure, lastAt = 0, leaves = false, since = 0 } = failing ?? {};
    this.#failing += 1;
    entry.failing = { attempts, since, lastAt, known: failure === undefined ? undefined : failures[failure], leaves };
    if (leaves) this.leave(key);
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

  /** Undefined for a key whose first event has not failed in this pool. */
  failingOf(key: string): Failing | undefined {
    return this.#entries.get(key)?.failing;
  }

  /** Whether there are keys whose first event has not failed. */
  get hasFresh(): boolean {
    return this.#entries.size > this.#failing;
  }

  get leavingCount(): number {
    return this.#leaving.size;
  }

  /** Keys that wait for their turn to move out, the next one first. */
  leaving(mostKeys: number): string[] {
    const keys: string[] = [];
    for (const key of this.#leaving) {
      if (keys.length >= mostKeys) break;
      keys.push(key);
    }
    return keys;
  }

  /** Undefined when no key fails. */
  failing(): FailingKeys | undefined {
    const failing = [...this.#entries].filter(([, entry]) => entry.failing !== undefined);
    if (failing.length === 0) return undefined;
    const longest = failing.toSorted(([, a], [, b]) => (a.failing as Failing).since - (b.failing as Failing).since);
    return {
      keys: failing.length,
      events: failing.reduce((sum, [, { events }]) => sum + events.length, 0),
      leaving: this.#leaving.size,
      sample: longest.slice(0, SAMPLE_KEYS).map(([key]) => key),
    };
  }

  /** Keys in no batch for which most events wait. */
  longest(count: number): string[] {
    const lengthOf = (key: string) => this.waitingOf(key).length;
    return [...this.#ready].toSorted((a, b) => lengthOf(b) - lengthOf(a)).slice(0, count);
  }

  add(key: string, event: LaneEvent): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, { events: [event], losses: 0, failing: undefined, isInBatch: false });
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
      taken.push({ key, events, attempts: entry.failing?.attempts ?? 0, losses: entry.losses });
    }
    return taken;
  }

  /** A key that was lost or failed before tries one event at a time. What lies elsewhere is fetched in a lane. */
  #front({ events, losses, failing }: Entry, limits: EventLimits): readonly LaneEvent[] {
    if (losses > 0 || failing !== undefined) return events.slice(0, 1);
    const max = events.slice(0, countWeighed(events.slice(0, limits.events), limits, eventWeight));
    const left = max.findIndex((event, index) => index > 0 && 'sourceOnly' in event.data);
    return left === -1 ? max : max.slice(0, left);
  }

  /** The batch does not have the key any more; so many of its events are done. */
  release(key: string, done: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#drop(entry, done);
    entry.isInBatch = false;
    if (done > 0) {
      entry.losses = 0;
      if (entry.failing !== undefined) this.#failing -= 1;
      entry.failing = undefined;
    }
    if (entry.events.length === 0) this.#entries.delete(key);
    else this.#ready.add(key);
  }

  /** The process that had the key was lost; nothing is known of what it did beyond what it had told. */
  lost(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.losses += 1;
  }

  /** Its first event failed. */
  failed(key: string, known: FailedEvent, now: number): Failing {
    const entry = this.#entries.get(key);
    const failing = failedAgain(entry?.failing, known, now);
    if (entry === undefined) return failing;
    if (entry.failing === undefined) this.#failing += 1;
    entry.failing = failing;
    return failing;
  }

  /** A failing key is not tried here any more: it moves out when it is its turn. */
  leave(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.failing === undefined) return;
    entry.failing = { ...entry.failing, leaves: true };
    this.#ready.delete(key);
    this.#leaving.add(key);
  }

  /** Takes a key out that is in no batch, with all that waits for it. */
  remove(key: string): LaneEvent[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    const { events } = entry;
    this.#drop(entry, events.length);
    if (entry.failing !== undefined) this.#failing -= 1;
    this.#entries.delete(key);
    this.#ready.delete(key);
    this.#leaving.delete(key);
    return events;
  }

  #drop(entry: Entry, count: number): void {
    const dropped = entry.events.slice(0, count);
    entry.events = entry.events.slice(count);
    this.#events -= dropped.length;
    this.#bytes -= dropped.reduce((sum, event) => sum + eventWeight(event), 0);
  }

  /** All of it, when nothing is in a batch. */
  toCarried(): { readonly waiting: readonly WaitingKey[]; readonly failures?: readonly FailedEvent[] } {
    const table = new FailureTable();
    const keys = [...this.#ready, ...[...this.#entries.keys()].filter((key) => !this.#ready.has(key))];
    const waiting = keys.map((key): WaitingKey => {
      const { events, failing, losses } = this.#entries.get(key) as Entry;
      if (failing === undefined) return { key, events, losses, attempts: 0 };
      const { attempts, known, lastAt, leaves, since } = failing;
      const failure = known === undefined ? undefined : table.add(known);
      const kept = { since, lastAt, ...(failure === undefined ? {} : { failure }), ...(leaves ? { leaves } : {}) };
      return { key, events, losses, attempts, failing: kept };
    });
    return table.failures.length === 0 ? { waiting } : { waiting, failures: table.failures };
  }
}
