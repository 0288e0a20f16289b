import { createHash } from 'node:crypto';

/** Both ends belong to it. */
export interface HashRange {
  readonly start: bigint;
  readonly end: bigint;
}

const HASH_KEYS = 1n << 128n;

/** The hash key by which Kinesis chooses the shard of a record that brings none of its own. */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`);
}

/** All hash keys in `count` parts of the same length. */
export function evenRanges(count: number): HashRange[] {
  const starts = Array.from({ length: count }, (_, index) => (HASH_KEYS * BigInt(index)) / BigInt(count));
  return starts.map((start, index) => ({ start, end: (starts[index + 1] ?? HASH_KEYS) - 1n }));
}

export function middleOf({ start, end }: HashRange): bigint {
  return (start + end) / 2n + 1n;
}

export function contains({ start, end }: HashRange, key: bigint): boolean {
  return start <= key && key <= end;
}
