import type { ListedShard } from '../faults.ts';
import { type LogEntry, ShardLog } from '../shard-log.ts';
import type { HashRange } from './hash-keys.ts';
import { endingSequenceNumber, sequenceNumber } from './sequence-numbers.ts';

export interface KinesisEntry extends LogEntry {
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

export interface KinesisPut {
  readonly key: string;
  readonly data: string | Uint8Array;
  /** Decides the shard in place of the key's hash, as a decimal number. */
  readonly explicitHashKey?: string;
  /** What readers are told of its arrival, ms since 1970. @default the clock's time */
  readonly arrivedAt?: number;
}

interface Birth {
  readonly index: number;
  readonly hashes: HashRange;
  readonly createdAt: number;
  readonly parents?: readonly KinesisShard[];
}

/** A shard with its records. It owns its sequence numbers; whether anything is written to it, its stream decides. */
export class KinesisShard {
  readonly id: string;
  readonly index: number;
  readonly hashes: HashRange;
  readonly createdAt: number;
  readonly parents: readonly string[];
  readonly log = new ShardLog<KinesisEntry>();
  readonly starting: bigint;
  closedAt: number | undefined;
  ending: bigint | undefined;
  /** Whom its sequence numbers say that it was created: behind its parents, even within the same second. */
  readonly #numberedFrom: number;
  #counter = 0n;

  constructor({ index, hashes, createdAt, parents = [] }: Birth) {
    this.id = `shardId-${String(index).padStart(12, '0')}`;
    this.index = index;
    this.hashes = hashes;
    this.createdAt = createdAt;
    this.parents = parents.map(({ id }) => id);
    this.#numberedFrom = Math.max(createdAt, ...parents.map((parent) => parent.#numberedFrom + 1000));
    this.starting = sequenceNumber(this.#numbered(createdAt));
  }

  append(put: KinesisPut, now: number): bigint {
    this.#counter += 1n;
    const sequence = sequenceNumber(this.#numbered(now));
    const data = typeof put.data === 'string' ? Buffer.from(put.data) : put.data;
    const size = data.length + Buffer.byteLength(put.key);
    const arrivedAt = put.arrivedAt ?? now;
    this.log.append({ sequence, storedAt: now, arrivedAt, size, partitionKey: put.key, data });
    return sequence;
  }

  close(now: number): void {
    this.closedAt = now;
    this.ending = endingSequenceNumber(this.#numbered(now));
  }

  /** Of the merge of two, the parents are named apart: AWS lists the second one as adjacent. */
  listed(): ListedShard {
    const [parent, adjacent] = this.parents;
    return {
      ShardId: this.id,
      ...(parent === undefined ? {} : { ParentShardId: parent }),
      ...(adjacent === undefined ? {} : { AdjacentParentShardId: adjacent }),
      HashKeyRange: { StartingHashKey: String(this.hashes.start), EndingHashKey: String(this.hashes.end) },
      SequenceNumberRange: {
        StartingSequenceNumber: String(this.starting),
        ...(this.ending === undefined ? {} : { EndingSequenceNumber: String(this.ending) }),
      },
    };
  }

  #numbered(time: number) {
    return { shardCreatedAt: this.#numberedFrom, shardIndex: this.index, counter: this.#counter, time };
  }
}
