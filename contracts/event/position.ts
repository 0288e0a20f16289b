/**
 * Where a record stands in its source.
 *
 * Sequence numbers are decimal strings of up to 129 digits (Kinesis) or 21 to 40 digits (DynamoDB Streams). They are
 * compared as numbers, and only within one shard: across shards nothing but lineage gives an order.
 */
export interface Position {
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** Index of a user record inside an aggregate; absent for a record that is not part of one. */
  readonly subSequenceNumber?: number;
}

/** Negative, zero or positive as `a` is a smaller, the same or a larger number than `b`. */
export function compareSequenceNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Orders two positions of the same shard. */
export function comparePositions(a: Position, b: Position): number {
  const bySequence = compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber);
  if (bySequence !== 0) return bySequence;
  return (a.subSequenceNumber ?? 0) - (b.subSequenceNumber ?? 0);
}

export function samePosition(a: Position, b: Position): boolean {
  return a.shardId === b.shardId && comparePositions(a, b) === 0;
}

/** `shardId:sequenceNumber` or `shardId:sequenceNumber:subSequenceNumber`, the form that people see and type. */
export function formatPosition(position: Position): string {
  const { shardId, sequenceNumber, subSequenceNumber } = position;
  const base = `${shardId}:${sequenceNumber}`;
  return subSequenceNumber === undefined ? base : `${base}:${subSequenceNumber}`;
}

/** Reads what {@link formatPosition} writes; undefined for anything else. */
export function parsePosition(text: string): Position | undefined {
  const match = /^([\w.-]+):(\d+)(?::(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, shardId, sequenceNumber, sub] = match as unknown as [string, string, string, string | undefined];
  return sub === undefined ? { shardId, sequenceNumber } : { shardId, sequenceNumber, subSequenceNumber: Number(sub) };
}

/** For messages. @param quoted the string, quoted and cut as the place of the message requires */
export function notAPosition(quoted: string): string {
  return `${quoted} is not a position; one looks like shardId-000000000000:4958...3`;
}
