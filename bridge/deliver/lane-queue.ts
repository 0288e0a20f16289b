/**
 * What waits for one lane, in the order in which it was read, and where the lane's delivery stands.
 *
 * Invariant Q1: a record leaves the queue only when it was accepted, and only from the front (O1, O4). So a request that
 * is repeated begins with the same records, and an acceptance of a position means that all before it were accepted: the
 * reason why two readers of a shard may overlap.
 */
import { poolOf } from '../../contracts/pool/pool-of.ts';
import { encodedSize } from './encoded-size.ts';
import type { Delivery, DeliveryBatch } from './gateway.ts';
import { mayLeaveData, sourceOnly } from '../read/source-only.ts';

/**
 * Bounds of one request; a single record may be larger. Half a MiB is where Temporal begins to warn; a server may be set to
 * take less.
 */
const MAX_RECORDS = 500;
const MAX_BYTES = 512 * 1024;
/** Full requests that must pass before twice as many records are tried: at first, and when that was refused many times. */
const GROW_AFTER = { first: 4, max: 256 };

export interface Entry {
  delivery: Delivery;
  /** Called once, when the record is held durably. */
  readonly accepted: () => void;
  /** Whether it may be sent: its data is where the event says that it is. */
  isStored: boolean;
}

export class LaneQueue {
  readonly id: string;
  /** Failed requests in a row. */
  failures = 0;
  /** How many requests of all lanes had been answered when the last of them failed. */
  failedAt: number | undefined;
  #maxRecords = MAX_RECORDS;
  /** Full requests that have passed since the number of records changed, and how many must before it grows. */
  #passed = 0;
  #growAfter = GROW_AFTER.first;
  /** Records of the request that was refused last. */
  #refused = Infinity;
  /** The number of records has grown, and no full request has passed since. */
  #isTrying = false;
  #entries: { readonly entry: Entry; bytes: number }[] = [];

  constructor(id: string) {
    this.id = id;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  /** Whether the front may be sent. */
  get sendable(): boolean {
    return this.#entries[0]?.entry.isStored === true;
  }

  add(entry: Entry): void {
    this.#entries.push({ entry, bytes: encodedSize(entry.delivery) });
  }

  /** As many records from the front as one request may carry. They stay in the queue. */
  front(): Entry[] {
    const front: Entry[] = [];
    let bytes = 0;
    for (const each of this.#entries) {
      bytes += each.bytes;
      if (front.length === this.#maxRecords || (front.length > 0 && bytes > MAX_BYTES) || !each.entry.isStored) break;
      front.push(each.entry);
    }
    return front;
  }

  /** Sets what the entry hands over, now that it is known. Its place does not change. */
  set(entry: Entry, delivery: Delivery): void {
    entry.delivery = delivery;
    entry.isStored = true;
    const found = this.#entries.find((each) => each.entry === entry);
    if (found !== undefined) found.bytes = encodedSize(delivery);
  }

  /**
   * A request with the first `count` records was refused for its size. Several are sent in smaller parts; a single one is
   * sent without its data, so that those behind it, which may be of other keys, do not wait for it (O3).
   */
  tooLarge(count: number): void {
    this.#passed = 0;
    const [first] = this.#entries;
    if (count === 1 && first !== undefined) {
      if (mayLeaveData(first.entry.delivery)) this.set(first.entry, sourceOnly(first.entry.delivery));
      return;
    }
    this.#refused = count;
    this.#maxRecords = Math.max(1, Math.floor(count / 2));
    // What is always refused must not be tried every few requests.
    if (this.#isTrying) this.#growAfter = Math.min(GROW_AFTER.max, this.#growAfter * 2);
    this.#isTrying = false;
  }

  /** Forgets the first `count` records and tells who handed them in. */
  accept(count: number): void {
    for (const { entry } of this.#entries.splice(0, count)) entry.accepted();
    this.#grow(count);
  }

  /** One refusal must not keep the requests of a busy pool small for good (O9). */
  #grow(count: number): void {
    if (count >= this.#refused) {
      this.#refused = Infinity;
      this.#growAfter = GROW_AFTER.first;
    }
    if (count < this.#maxRecords || this.#maxRecords === MAX_RECORDS) return;
    this.#isTrying = false;
    this.#passed += 1;
    if (this.#passed < this.#growAfter) return;
    this.#passed = 0;
    this.#isTrying = true;
    this.#maxRecords = Math.min(MAX_RECORDS, this.#maxRecords * 2);
  }
}

/**
 * The id of the queue that a record goes through: events of one key from several shards share one.
 * @param pools of the pipeline; undefined when each key has a lane of its own
 */
export function queueId(delivery: Delivery, pools?: number): string {
  if (delivery.to === 'quarantine') return 'quarantine';
  return pools === undefined ? `lane:${delivery.key}` : `pool:${poolOf(delivery.key, pools)}`;
}

/** What one request carries of a queue. */
export function toBatch(entries: readonly Entry[], pools?: number): DeliveryBatch {
  const deliveries = entries.map((entry) => entry.delivery);
  const toLanes = deliveries.flatMap((delivery) => (delivery.to === 'lane' ? [delivery] : []));
  const [first] = toLanes;
  if (first !== undefined) {
    return pools === undefined
      ? { to: 'lane', key: first.key, events: toLanes.map(({ event }) => event) }
      : {
          to: 'pool',
          pool: poolOf(first.key, pools),
          events: toLanes.map(({ key, event }) => Object.assign({ key }, event)),
        };
  }
  return { to: 'quarantine', records: deliveries.flatMap((each) => (each.to === 'quarantine' ? [each.record] : [])) };
}
