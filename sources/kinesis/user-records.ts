import type { _Record } from '@aws-sdk/client-kinesis';
import type { SourceRecord } from '../source.ts';
import { deaggregate, type HashKeyRange, mayBeAggregate } from './aggregate.ts';

export interface UserRecords {
  readonly records: readonly SourceRecord[];
  /** The records whose hash key is outside the shard. */
  readonly misrouted: ReadonlySet<SourceRecord>;
}

/**
 * The records of a page as their producers wrote them, aggregates unpacked (O4, O8).
 * @param rangeOfShard called only when there are aggregates
 */
export async function userRecords(
  shardId: string,
  page: readonly _Record[],
  rangeOfShard: () => Promise<HashKeyRange | undefined>,
): Promise<UserRecords> {
  const range = page.some(({ Data }) => Data !== undefined && mayBeAggregate(Data)) ? await rangeOfShard() : undefined;
  const misrouted = new Set<SourceRecord>();
  const records = page.flatMap((record) => unpack(shardId, record, range, misrouted));
  return { records, misrouted };
}

function unpack(
  shardId: string,
  record: _Record,
  range: HashKeyRange | undefined,
  misrouted: Set<SourceRecord>,
): SourceRecord[] {
  const {
    SequenceNumber: sequenceNumber = '',
    PartitionKey: partitionKey = '',
    Data: data = new Uint8Array(),
  } = record;
  const arrivedAt = record.ApproximateArrivalTimestamp?.getTime() ?? 0;
  const packed = deaggregate(data, range);
  const whole = { position: { shardId, sequenceNumber }, arrivedAt, partitionKey, data };
  if (packed === 'plain') return [whole];
  if ('problem' in packed) return [{ ...whole, problem: packed.problem }];
  return packed.map((user) => {
    const position = { shardId, sequenceNumber, subSequenceNumber: user.subSequenceNumber };
    const unpacked = { position, arrivedAt, partitionKey: user.partitionKey, data: user.data };
    if (user.outsideShard) misrouted.add(unpacked);
    return unpacked;
  });
}
