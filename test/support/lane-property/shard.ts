/**
 * A shard and whoever reads it, as far as lanes can tell: a reader takes the records of a key, or of all keys of a pool, in
 * order and without holes from the durable checkpoint on, has one request in flight for each lane or pool, and makes the next
 * one when that was accepted.
 * One that was taken over goes on with the lease that it had: see docs/ARCHITECTURE.md, why overlapping readers are safe.
 */
import type { DeliveryBatch, LaneGateway } from '../../../bridge/deliver/gateway.ts';
import { queueId, toBatch } from '../../../bridge/deliver/lane-queue.ts';
import type { ShardCheckpoint } from '../../../contracts/questions.ts';
import type { Script } from './case.ts';
import type { Course } from './course.ts';
import { deliveryOf, writtenRecord, type WrittenRecord } from './records.ts';

/** How long after its last sign of life a reader may count as one; with a margin that is longer than a request may take. */
export const LEASE_MS = 200;
export const REQUEST_MS = 1000;
export const MARGIN_MS = 1300;
/** Longer than all of them together. */
export const OVERLAPPING_IDLE_MS = 3000;

const AGAIN_MS = 100;

interface Sending {
  readonly batch: number;
  readonly twice: boolean;
}

export interface ShardOptions {
  readonly gateway: LaneGateway;
  readonly course: Course;
  /** The durable checkpoint follows what is accepted at once. */
  readonly follows: boolean;
  /** Undefined when each key has a lane of its own. */
  readonly pools: number | undefined;
}

class Reader {
  readonly #shard: Shard;
  readonly #from: number;
  /** By queue, the last record that is known to be accepted. */
  readonly #accepted = new Map<string, number>();
  readonly #sending = new Map<string, Promise<void>>();
  #takenOverAt: number | undefined;

  constructor(shard: Shard, from: number) {
    this.#shard = shard;
    this.#from = from;
  }

  takenOver(): void {
    this.#takenOverAt = Date.now();
  }

  /** Hands over what there is by now, behind what is under way. */
  send(queue: string, sending: Sending, max = Infinity): void {
    const { written } = this.#shard;
    const consumedUntil = written.length;
    const before = this.#sending.get(queue) ?? Promise.resolve();
    const next = async (): Promise<void> => {
      await before;
      for (let requests = 0; requests < max; requests += 1) {
        // Frozen, but for what it has on its way.
        if (this.#takenOverAt !== undefined && max === Infinity) return;
        const last = this.#acceptedOf(queue);
        const left = written
          .slice(0, consumedUntil)
          .filter((each) => this.#shard.queueOf(each) === queue && each.number > last);
        if (left.length === 0) return;
        await this.#request(queue, left.slice(0, sending.batch), sending.twice);
      }
    };
    this.#sending.set(queue, next());
  }

  async sent(): Promise<void> {
    await Promise.all(this.#sending.values());
  }

  /** Every record up to there is known to be accepted. */
  get contiguous(): number {
    const first = this.#shard.written.find((each) => each.number > this.#acceptedOf(this.#shard.queueOf(each)));
    return first === undefined ? this.#shard.written.length : first.number - 1;
  }

  #acceptedOf(queue: string): number {
    return this.#accepted.get(queue) ?? this.#from;
  }

  async #request(queue: string, records: readonly WrittenRecord[], twice: boolean): Promise<void> {
    const { course, gateway } = this.#shard;
    const who = this.#takenOverAt === undefined ? 'the reader' : 'a former reader';
    const what = `${queue}: ${who} sends ${records[0]?.name} and ${records.length - 1} more`;
    const batch = this.#shard.batchOf(records);
    for (let attempt = 1, left = twice ? 2 : 1; left > 0; attempt += 1) {
      const leaseUntil = (this.#takenOverAt ?? Date.now()) + LEASE_MS;
      try {
        await gateway.send({ ...batch, leaseUntil, attempt }, new AbortController().signal);
        left -= 1;
        course.note(`${what}${attempt > 1 ? ' again' : ''}`);
      } catch (error) {
        course.note(`${what}: ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    this.#accepted.set(queue, records.at(-1)?.number ?? 0);
    this.#shard.accepted();
  }
}

export class Shard {
  readonly id: string;
  readonly written: WrittenRecord[] = [];
  readonly course: Course;
  readonly gateway: LaneGateway;
  readonly #follows: boolean;
  readonly #pools: number | undefined;
  #durable = 0;
  #reader: Reader;
  #former: Reader[] = [];

  constructor(id: string, { course, follows, gateway, pools }: ShardOptions) {
    this.id = id;
    this.gateway = gateway;
    this.course = course;
    this.#follows = follows;
    this.#pools = pools;
    this.#reader = new Reader(this, 0);
  }

  write(key: string, script: Script): WrittenRecord {
    const record = writtenRecord(this.id, this.written.length + 1, key, script);
    this.written.push(record);
    return record;
  }

  send(sending: Sending): void {
    for (const queue of this.#queues()) this.#reader.send(queue, sending);
  }

  /** What a record goes through, as in a bridge. */
  queueOf(record: WrittenRecord): string {
    return queueId(deliveryOf(record), this.#pools);
  }

  /** One request with records of one queue. */
  batchOf(records: readonly WrittenRecord[]): DeliveryBatch {
    const entries = records.map((record) => ({ delivery: deliveryOf(record), accepted: () => {}, isStored: true }));
    return toBatch(entries, this.#pools);
  }

  /** The durable one. */
  get checkpoint(): ShardCheckpoint {
    if (this.#durable === 0) return { ended: false };
    return { ended: false, position: { shardId: this.id, sequenceNumber: String(this.#durable) } };
  }

  moveCheckpoint(): void {
    const { contiguous } = this.#reader;
    if (contiguous <= this.#durable) return;
    this.#durable = contiguous;
    this.course.note(`the checkpoint of ${this.id} is ${contiguous}`);
  }

  accepted(): void {
    if (this.#follows) this.moveCheckpoint();
  }

  takeOver(): void {
    this.#reader.takenOver();
    this.#former.push(this.#reader);
    this.#reader = new Reader(this, this.#durable);
    this.course.note(`${this.id} is taken over at ${this.#durable}`);
    this.send({ batch: 5, twice: false });
  }

  /** Whether somebody has read it before. */
  get isTakenOver(): boolean {
    return this.#former.length > 0;
  }

  /** Readers that were taken over make one more request each, for each of their lanes or pools. */
  sendLate(): void {
    for (const reader of this.#former) {
      for (const queue of this.#queues()) reader.send(queue, { batch: 3, twice: false }, 1);
    }
  }

  /** All that is under way has been accepted. */
  async sent(): Promise<void> {
    await Promise.all([this.#reader, ...this.#former].map((reader) => reader.sent()));
  }

  #queues(): ReadonlySet<string> {
    return new Set(this.written.map((record) => this.queueOf(record)));
  }
}
