/**
 * Kinesis' sequence numbers as far as people have made them out (and as kinesalite builds them): 56 decimal digits that
 * hold the second of the shard's creation, a counter, the second of the write, and the shard's index.
 */
interface SequenceParts {
  /** ms since 1970 */
  readonly shardCreatedAt: number;
  readonly shardIndex: number;
  readonly counter: bigint;
  /** ms since 1970 */
  readonly time: number;
}

/** The counter of a shard's ending number: beyond any record. */
const LAST_COUNTER = 2n ** 63n - 1n;

export function sequenceNumber({ shardCreatedAt, shardIndex, counter, time }: SequenceParts): bigint {
  const seconds = (ms: number) => BigInt(Math.floor(ms / 1000));
  let number = 2n;
  number = (number << 36n) | seconds(shardCreatedAt);
  number = (number << 4n) | BigInt(shardIndex % 16);
  number = (number << 64n) | counter;
  number = (number << 44n) | seconds(time);
  number = (number << 32n) | BigInt(shardIndex);
  return (number << 4n) | 2n;
}

export function endingSequenceNumber(parts: Omit<SequenceParts, 'counter'>): bigint {
  return sequenceNumber({ ...parts, counter: LAST_COUNTER });
}
