/**
 * What waits for one lane, in the order in which it was read, and where the lane's delivery stands.
 *
 * Invariant Q1: a record leaves the queue only when it was accepted, and only from the front (O1, O4). So a request that
 * is repeated begins with the same records, and an acceptance of a position means that all before it were accepted: the
 * reason why two readers of a shard may overlap.
 */
import { poolOf } from '../contracts/pool-of.ts';
import { encodedSize } from './encoded-size.ts';
import type { Handover, HandoverBatch } from './lane-gateway.ts';

/**
 * Bounds of one request; a single record may be larger. Half a MiB is where Temporal begins to warn; a server may be set to
 * take less.
 */
const MOST_RECORDS = 500;
const MOST_BYTES = 512 * 1024;

export interface Entry {
  readonly handover: Handover;
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
  #mostRecords = MOST_RECORDS;
  #entries: { readonly entry: Entry; readonly bytes: number }[] = [];

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
    this.#entries.push({ entry, bytes: encodedSize(entry.handover) });
  }

  /** As many records from the front as one request may carry. They stay in the queue. */
  front(): Entry[] {
    const front: Entry[] = [];
    let bytes = 0;
    for (const each of this.#entries) {
      bytes += each.bytes;
      if (front.length === this.#mostRecords || (front.length > 0 && bytes > MOST_BYTES) || !each.entry.isStored) break;
      front.push(each.entry);
    }
    return front;
  }

  /** The front is too much for one request, and so may be what comes behind it. */
  halve(): void {
    this.#mostRecords = Math.max(1, Math.floor(this.front().length / 2));
  }

  /** Forgets the first `count` records and tells who handed them in. */
  accept(count: number): void {
    for (const { entry } of this.#entries.splice(0, count)) entry.accepted();
  }
}

/**
 * The id of the queue that a record goes through: events of one key from several shards share one.
 * @param pools of the pipeline; undefined when each key has a lane of its own
 */
export function queueId(handover: Handover, pools?: number): string {
  if (handover.to === 'quarantine') return 'quarantine';
  return pools === undefined ? `lane:${handover.key}` : `pool:${poolOf(handover.key, pools)}`;
}

/** What one request carries of a queue. */
export function toBatch(entries: readonly Entry[], pools?: number): HandoverBatch {
  const handovers = entries.map((entry) => entry.handover);
  const toLanes = handovers.flatMap((handover) => (handover.to === 'lane' ? [handover] : []));
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
  return { to: 'quarantine', records: handovers.flatMap((each) => (each.to === 'quarantine' ? [each.record] : [])) };
}
