/**
 * The keys of a pool that have a lane of their own, and what is on its way to these lanes.
 *
 * Owns, for each of them, how many events its lane was given, and those that it is not given yet. Knows nothing of Temporal.
 *
 * Invariants:
 * M1 At most one request is on its way to a lane, with events from the front of what waits; they leave when the lane has
 *    them (O1, O5).
 * M2 A key goes back only when its lane says that it has finished exactly what it was given, and nothing is on its way; the
 *    lane ends with that. When something was on its way just then, what becomes of it tells: a lane that got it goes on, or
 *    has finished that too; one that had ended did not get it (O1, O4).
 * M3 What a run that was terminated externally had on its way counts as on its way until it has been sent again, and the lane
 *    or how it ended tells what had arrived (O1, O6).
 */
import { countWeighed, eventWeight, type EventLimits } from '../../../contracts/event/weight.ts';
import type { LaneEvent } from '../../../contracts/event/event.ts';
import { jsonBytes } from '../../../lib/pure/json-bytes.ts';
import type { KeyState } from '../../../contracts/lane/key-state.ts';
import type { EndedRun } from '../../../contracts/run.ts';
import type { LaneStart, MovedKey } from '../../../contracts/pool/state.ts';

/** What one request carries; text with much to quote takes some times its bytes, and a payload may have 2 MiB. */
const REQUEST: EventLimits = { events: 500, bytes: 256 * 1024 };

/** Beside the key: `:{"sent":1},`. */
const BYTES_OF_AN_ENTRY = 12;

/** What is to be done for a key. */
export type LaneCommand =
  /** `deliveryUnknown`: it may have been done. */
  | { readonly kind: 'start'; readonly key: string; readonly start: LaneStart; readonly deliveryUnknown: boolean }
  | { readonly kind: 'forward'; readonly key: string; readonly events: readonly LaneEvent[] };

interface Entry {
  start: LaneStart | undefined;
  /** About how many bytes of a next run's argument the key takes. */
  bytes: number;
  sent: number;
  events: LaneEvent[];
  command: LaneCommand | undefined;
  /** The number up to which the lane has said, while something was or may have been on its way to it, that it had finished. */
  finished: number | undefined;
  /** See {@link MovedKey}. */
  deliveryUnknown: boolean;
}

export class MovedKeys {
  readonly #entries = new Map<string, Entry>();
  /** With something to do and nothing on its way. */
  readonly #ready = new Set<string>();
  #bytes = 0;
  /** Whose lanes have not begun yet. */
  readonly #starting = new Set<string>();

  constructor(moved: Readonly<Record<string, MovedKey>>) {
    for (const [key, { sent, start, events = [], deliveryUnknown = false }] of Object.entries(moved)) {
      const entry = {
        start,
        bytes: 0,
        sent,
        events: [...events],
        command: undefined,
        finished: undefined,
        deliveryUnknown,
      };
      this.#entries.set(key, entry);
      this.#weigh(key, entry);
      if (start !== undefined || events.length > 0) this.#ready.add(key);
      if (start !== undefined) this.#starting.add(key);
    }
  }

  get count(): number {
    return this.#entries.size;
  }

  /** About how many bytes of a next run's argument the keys take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many keys have lanes that have not begun yet. */
  get starting(): number {
    return this.#starting.size;
  }

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Whether its lane has not begun yet. */
  isBeginning(key: string): boolean {
    return this.#entries.get(key)?.start !== undefined;
  }

  /** Events of the key that its lane does not have yet. */
  waitingOf(key: string): readonly LaneEvent[] {
    return this.#entries.get(key)?.events ?? [];
  }

  /**
   * The key gets its own lane.
   * @param queue all events that wait for the key; the lane starts with as many as one request may have
   * @param id identifies this start of the lane
   */
  moveOut(key: string, state: KeyState, queue: readonly LaneEvent[], id: string): void {
    const count = countWeighed(queue, REQUEST, eventWeight);
    const events = queue.slice(0, count).map((event, index) => numbered(event, index + 1));
    const entry: Entry = {
      bytes: 0,
      start: { kind: 'fresh', id, state, events },
      sent: events.length,
      events: queue.slice(count),
      command: undefined,
      finished: undefined,
      deliveryUnknown: false,
    };
    this.#entries.set(key, entry);
    this.#weigh(key, entry);
    this.#ready.add(key);
    this.#starting.add(key);
  }

  add(key: string, event: LaneEvent): void {
    const entry = this.#entries.get(key) as Entry;
    entry.events.push(event);
    this.#add(entry, eventWeight(event));
    if (entry.command === undefined) this.#ready.add(key);
  }

  /** What becomes of a request without events tells whether its lane still runs, or a new one has to take over from it. */
  look(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.command === undefined) this.#ready.add(key);
  }

  /** Something to do, or undefined. Counts as on its way until {@link succeeded}, {@link failed}, {@link begunAgain} or {@link take}. */
  start(): LaneCommand | undefined {
    const [key] = this.#ready;
    if (key === undefined) return undefined;
    this.#ready.delete(key);
    const entry = this.#entries.get(key) as Entry;
    const { deliveryUnknown } = entry;
    if (entry.start !== undefined) entry.command = { kind: 'start', key, start: entry.start, deliveryUnknown };
    else {
      const count = countWeighed(entry.events, REQUEST, eventWeight);
      const events = entry.events.slice(0, count).map((event, index) => numbered(event, entry.sent + index + 1));
      entry.command = { kind: 'forward', key, events };
    }
    return entry.command;
  }

  /**
   * The lane has it.
   * @returns what waits for the key, when the lane has said already that it had finished that too, and the key is back
   */
  succeeded(command: LaneCommand): readonly LaneEvent[] | undefined {
    const entry = this.#entries.get(command.key) as Entry;
    entry.deliveryUnknown = false;
    if (command.kind === 'start') {
      entry.start = undefined;
      this.#starting.delete(command.key);
    } else {
      entry.sent += command.events.length;
      entry.events.splice(0, command.events.length);
    }
    this.#weigh(command.key, entry);
    if (entry.finished === entry.sent) return this.take(command.key, entry.sent);
    this.#settle(command.key, entry);
    return undefined;
  }

  /** It is tried again. */
  failed(command: LaneCommand): void {
    this.#settle(command.key, this.#entries.get(command.key) as Entry);
  }

  /**
   * No lane was there to be given it.
   * @returns the number up to which the lane has said that it had finished, when that is all that it was given
   */
  finishedOf(command: LaneCommand): number | undefined {
    const { finished, sent } = this.#entries.get(command.key) as Entry;
    return finished === sent ? sent : undefined;
  }

  /** Its lane was terminated: a new one recovers it, and is given what is on its way. */
  begunAgain(command: LaneCommand, predecessor: EndedRun): void {
    const entry = this.#entries.get(command.key) as Entry;
    entry.start = { kind: 'recovery', predecessor };
    this.#weigh(command.key, entry);
    this.#starting.add(command.key);
    // The flag belongs to the terminated run.
    entry.finished = undefined;
    this.#settle(command.key, entry);
  }

  /**
   * Its lane has ended, and had finished everything: the key is back, with what waits for it.
   * @param through number of the last event that the lane was given, which may be more than is known here
   */
  take(key: string, through: number): readonly LaneEvent[] {
    const { bytes, events, sent } = this.#entries.get(key) as Entry;
    this.#entries.delete(key);
    this.#bytes -= bytes;
    this.#ready.delete(key);
    this.#starting.delete(key);
    return events.slice(Math.max(0, through - sent));
  }

  /**
   * The lane says that it has finished what it was given up to this number.
   * @returns what waits for the key, when it is back; undefined when its lane goes on, or that is not known yet
   */
  finished(key: string, through: number): readonly LaneEvent[] | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const mayBeOnItsWay = entry.command !== undefined || (entry.deliveryUnknown && this.#ready.has(key));
    if (mayBeOnItsWay) entry.finished = through;
    else if (entry.start === undefined && through === entry.sent) return this.take(key, entry.sent);
    return undefined;
  }

  #weigh(key: string, entry: Entry): void {
    const { start, events } = entry;
    const starting = start === undefined ? 0 : jsonBytes(start);
    const waiting = events.reduce((sum, event) => sum + eventWeight(event), 0);
    this.#add(entry, jsonBytes([key]) + BYTES_OF_AN_ENTRY + starting + waiting - entry.bytes);
  }

  #add(entry: Entry, bytes: number): void {
    entry.bytes += bytes;
    this.#bytes += bytes;
  }

  #settle(key: string, entry: Entry): void {
    entry.command = undefined;
    if (entry.start !== undefined || entry.events.length > 0) this.#ready.add(key);
  }

  toMoved(): Record<string, MovedKey> {
    return Object.fromEntries(
      [...this.#entries].map(([key, { sent, start, events, deliveryUnknown }]) => [
        key,
        {
          sent,
          ...(start === undefined ? {} : { start }),
          ...(events.length === 0 ? {} : { events }),
          ...(deliveryUnknown ? { deliveryUnknown } : {}),
        },
      ]),
    );
  }
}

function numbered(event: LaneEvent, number: number): LaneEvent {
  return { ...event, forwarded: String(number) };
}
