import { createHash } from 'node:crypto';
import type { ListedShard } from '../faults.ts';
import { type LogEntry, ShardLog } from '../shard-log.ts';
import { itemSize, type WireItem } from './items.ts';

export interface ChangeEntry extends LogEntry {
  readonly name: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys: WireItem;
  readonly newImage: WireItem | undefined;
  readonly oldImage: WireItem | undefined;
  /** Removed by time to live. */
  readonly expired: boolean;
}

export type Change = Omit<ChangeEntry, keyof LogEntry>;

/** Part of a table, by the hash of the items' partition keys: from `start`, up to but without `end`. */
export interface KeyRange {
  readonly start: number;
  readonly end: number;
}

export const ALL_KEYS: KeyRange = { start: 0, end: 2 ** 32 };

interface Birth {
  /** Counts through all shards of the fake. */
  readonly index: number;
  readonly keys: KeyRange;
  readonly createdAt: number;
  readonly parent?: string | undefined;
}

const STEP = 1_000_000n;
/** A shard's numbers begin so many steps before they get one digit longer. */
const STEPS_TO_LONGER = 4n;

/** A shard with its records. It owns its sequence numbers, which nobody can compare with those of another shard. */
export class DynamodbShard {
  readonly id: string;
  readonly index: number;
  readonly keys: KeyRange;
  readonly createdAt: number;
  readonly parent: string | undefined;
  readonly log = new ShardLog<ChangeEntry>();
  readonly starting: bigint;
  closedAt: number | undefined;
  ending: bigint | undefined;
  #last: bigint;

  constructor({ index, keys, createdAt, parent }: Birth) {
    const tail = createHash('md5').update(`shard ${index}`).digest('hex').slice(0, 8);
    this.id = `shardId-${String(createdAt).padStart(20, '0')}-${tail}`;
    this.index = index;
    this.keys = keys;
    this.createdAt = createdAt;
    this.parent = parent;
    this.starting = 10n ** BigInt(21 + (index % 3)) - STEPS_TO_LONGER * STEP + BigInt(index);
    this.#last = this.starting - STEP;
  }

  append(change: Change, now: number): bigint {
    this.#last += STEP;
    const images = [change.keys, change.newImage, change.oldImage].filter((image) => image !== undefined);
    const size = images.reduce((sum, image) => sum + itemSize(image), 0);
    this.log.append({ ...change, sequence: this.#last, storedAt: now, arrivedAt: now, size });
    return this.#last;
  }

  close(now: number): void {
    this.closedAt = now;
    this.ending = this.#last + STEP;
  }

  listed(): ListedShard {
    return {
      ShardId: this.id,
      ...(this.parent === undefined ? {} : { ParentShardId: this.parent }),
      SequenceNumberRange: {
        StartingSequenceNumber: String(this.starting),
        ...(this.ending === undefined ? {} : { EndingSequenceNumber: String(this.ending) }),
      },
    };
  }
}
