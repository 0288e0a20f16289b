/**
 * The records that wait for one lane, in the order in which they were read, and the state of the lane's delivery.
 *
 * Invariant lane-queue.Q1: a record leaves the queue only when it was accepted, and only from the front (O1, O4). So a
 * request that is repeated starts with the same records, and an accepted position means that all before it were
 * accepted. That is why two readers of a shard may overlap.
 */
import { poolOf } from '../../contracts/pool/pool-of.ts';
import { encodedSize } from './encoded-size.ts';
import type { Delivery, DeliveryBatch } from './gateway.ts';
import { canSendWithoutData, sourceOnly } from '../read/source-only.ts';

/**
 * Limits of one request; a single record may be larger. Temporal warns from half a MiB on; a server may be configured
 * to accept less.
 */
const MAX_RECORDS = 500;
const MAX_BYTES = 512 * 1024;
/**
 * Number of full requests that must be accepted before twice as many records are tried: the first value, and the limit
 * after repeated rejections.
 */
const GROW_AFTER = { first: 4, max: 256 };

export interface Entry {
  delivery: Delivery;
  /** Called once, when the record is held durably. */
  readonly accepted: () => void;
  /** Whether the record may be sent: its data is where the event says that it is. */
  isStored: boolean;
}

export class LaneQueue {
  readonly id: string;
  /** Failed requests in a row. */
  failures = 0;
  /** How many requests of all lanes had been answered when this queue's last request failed. */
  failedAt: number | undefined;
  #maxRecords = MAX_RECORDS;
  /** Full requests that were accepted since the number of records changed, and how many are needed before it grows. */
  #passed = 0;
  #growAfter = GROW_AFTER.first;
  /** Number of records in the request that was rejected last. */
  #refused = Infinity;
  /** True when the number of records has grown and no full request was accepted since. */
  #isTrying = false;
  #entries: { readonly entry: Entry; bytes: number }[] = [];

  constructor(id: string) {
    this.id = id;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  /** Whether the first record may be sent. */
  get sendable(): boolean {
    return this.#entries[0]?.entry.isStored === true;
  }

  add(entry: Entry): void {
    this.#entries.push({ entry, bytes: encodedSize(entry.delivery) });
  }

  /** The first records, as many as one request may carry. They stay in the queue. */
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

  /** Sets what the entry delivers, now that it is known. The entry keeps its place in the queue. */
  set(entry: Entry, delivery: Delivery): void {
    entry.delivery = delivery;
    entry.isStored = true;
    const found = this.#entries.find((each) => each.entry === entry);
    if (found !== undefined) found.bytes = encodedSize(delivery);
  }

  /**
   * A request with the first `count` records was rejected for its size. Several records are sent in smaller requests; a
   * single one is sent without its data, so that later records, which may be of other keys, do not wait for it (O3).
   */
  tooLarge(count: number): void {
    this.#passed = 0;
    const [first] = this.#entries;
    if (count === 1 && first !== undefined) {
      if (canSendWithoutData(first.entry.delivery)) this.set(first.entry, sourceOnly(first.entry.delivery));
      return;
    }
    this.#refused = count;
    this.#maxRecords = Math.max(1, Math.floor(count / 2));
    // A size that is rejected every time must not be tried every few requests.
    if (this.#isTrying) this.#growAfter = Math.min(GROW_AFTER.max, this.#growAfter * 2);
    this.#isTrying = false;
  }

  /** Removes the first `count` records and notifies those who submitted them. */
  accept(count: number): void {
    for (const { entry } of this.#entries.splice(0, count)) entry.accepted();
    this.#grow(count);
  }

  /** One rejection must not keep the requests of a busy pool small for good (O9). */
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

/** The content of one request. */
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
