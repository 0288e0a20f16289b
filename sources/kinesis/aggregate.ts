/**
 * Unpacks user records from one Kinesis record, as the Kinesis Producer Library packs them: a magic number, a protocol
 * buffer message and the MD5 of that message. The format:
 * https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
 *
 * Without the magic number, or with another MD5, it is a plain record, as it is to the official consumer library. With
 * both it was meant to be an aggregate: when its message cannot be read, or has no record, that is a problem of this
 * one record, which goes to the quarantine (O8). The official library delivers the first as if it were data, and drops
 * the second silently. Nothing throws here, and nothing is lost (O4).
 */
import { createHash } from 'node:crypto';
import { lengthTag, MalformedError, readFields, varintTag } from './aggregate-fields.ts';

/** A record that a producer put into an aggregate. */
export interface UserRecord {
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  /** A view of the aggregate's bytes. */
  readonly data: Uint8Array;
  /** Its index in the aggregate, from 0. */
  readonly subSequenceNumber: number;
  /**
   * True when its hash key is outside the shard that it was read from: the stream was resharded between packing and
   * sending, or the producer packs keys of several shards together, as aggregators other than the KPL may do.
   *
   * The official consumer library drops such a record (https://github.com/awslabs/amazon-kinesis-client/issues/343),
   * trusting that the KPL has noticed and sent it again to the right shard. From any other producer it would be lost.
   * Here it is delivered like every record (O4): at worst a record that the KPL sent again comes twice, at two
   * positions. It is counted, since no order is defined between it and its key's records in the right shard.
   */
  readonly outsideShard: boolean;
}

/** The hash keys of a shard, both ends included. */
export interface HashKeyRange {
  readonly first: bigint;
  readonly last: bigint;
}

const MAGIC = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST_BYTES = 16;

const AGGREGATE = { partitionKey: lengthTag(1), explicitHashKey: lengthTag(2), record: lengthTag(3) };
const RECORD = { partitionKeyIndex: varintTag(1), explicitHashKeyIndex: varintTag(2), data: lengthTag(3) };

/** Why an aggregate cannot be read. */
export interface BrokenAggregate {
  readonly problem: string;
}

/**
 * The user records of an aggregate, in the order in which the producer added them; `plain` when the data is not an
 * aggregate.
 * @param range the shard's hash keys; without it no record counts as outside
 */
export function deaggregate(data: Uint8Array, range?: HashKeyRange): readonly UserRecord[] | 'plain' | BrokenAggregate {
  const message = messageOf(data);
  if (message === undefined) return 'plain';
  try {
    const records = readAggregate(message, range);
    return records.length === 0 ? broken('it contains no record') : records;
  } catch (error) {
    return broken(error instanceof Error ? error.message : String(error));
  }
}

/** The problem of data that was meant to be an aggregate; undefined for other data. */
export function aggregateProblem(data: Uint8Array): string | undefined {
  const packed = deaggregate(data);
  return typeof packed === 'object' && 'problem' in packed ? packed.problem : undefined;
}

function broken(why: string): BrokenAggregate {
  return {
    problem: `This record is an aggregate of the Kinesis Producer Library's format that cannot be read: ${why}`,
  };
}

/** A quick check: false for nearly all data that is not an aggregate. */
export function mayBeAggregate(data: Uint8Array): boolean {
  return data.length >= MAGIC.length + DIGEST_BYTES && MAGIC.every((byte, index) => data[index] === byte);
}

/** The protocol buffer message; undefined when the data is not framed as an aggregate. */
function messageOf(data: Uint8Array): Uint8Array | undefined {
  if (!mayBeAggregate(data)) return undefined;
  const message = data.subarray(MAGIC.length, -DIGEST_BYTES);
  const digest = createHash('md5').update(message).digest();
  return digest.equals(data.subarray(-DIGEST_BYTES)) ? message : undefined;
}

function readAggregate(message: Uint8Array, range: HashKeyRange | undefined): UserRecord[] {
  const partitionKeys: string[] = [];
  const explicitHashKeys: string[] = [];
  const packed: Uint8Array[] = [];
  for (const { tag, bytes } of readFields(message)) {
    if (tag === AGGREGATE.partitionKey) partitionKeys.push(textOf(bytes));
    else if (tag === AGGREGATE.explicitHashKey) explicitHashKeys.push(textOf(bytes));
    else if (tag === AGGREGATE.record) packed.push(bytes);
  }
  const isOutside = outsideOf(range);
  // Only after all fields are read: the tables may come after the records that refer to them.
  return packed.map((bytes, subSequenceNumber) => {
    const record = readRecord(bytes);
    const partitionKey = entry(partitionKeys, record.partitionKeyIndex);
    if (record.explicitHashKeyIndex === undefined) {
      return { partitionKey, data: record.data, subSequenceNumber, outsideShard: isOutside(partitionKey) };
    }
    const explicitHashKey = entry(explicitHashKeys, record.explicitHashKeyIndex);
    const outsideShard = isOutside(partitionKey, explicitHashKey);
    return { partitionKey, explicitHashKey, data: record.data, subSequenceNumber, outsideShard };
  });
}

interface PackedRecord {
  readonly partitionKeyIndex: number;
  readonly explicitHashKeyIndex: number | undefined;
  readonly data: Uint8Array;
}

/** When a field occurs twice the last one counts, as always in protocol buffers. Tags are ignored. */
function readRecord(message: Uint8Array): PackedRecord {
  let partitionKeyIndex: number | undefined;
  let explicitHashKeyIndex: number | undefined;
  let data: Uint8Array | undefined;
  for (const { tag, number, bytes } of readFields(message)) {
    if (tag === RECORD.partitionKeyIndex) partitionKeyIndex = number;
    else if (tag === RECORD.explicitHashKeyIndex) explicitHashKeyIndex = number;
    else if (tag === RECORD.data) data = bytes;
  }
  if (partitionKeyIndex === undefined || data === undefined) {
    throw new MalformedError('A user record has no partition key or no data');
  }
  return { partitionKeyIndex, explicitHashKeyIndex, data };
}

function entry(table: readonly string[], index: number): string {
  const found = table[index];
  if (found === undefined) throw new MalformedError(`There is no entry ${index} in a table of ${table.length}`);
  return found;
}

// ignoreBOM keeps a leading byte order mark: it is a part of the key.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new MalformedError('A key is not UTF-8', { cause: error });
  }
}

type IsOutside = (partitionKey: string, explicitHashKey?: string) => boolean;

function outsideOf(range: HashKeyRange | undefined): IsOutside {
  if (range === undefined) return () => false;
  // An aggregate has many records of few keys.
  const known = new Map<string, boolean>();
  return (partitionKey, explicitHashKey) => {
    const name = explicitHashKey === undefined ? `p${partitionKey}` : `e${explicitHashKey}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    const hashKey = explicitHashKey === undefined ? hashOf(partitionKey) : numberOf(explicitHashKey);
    const outside = hashKey === undefined || hashKey < range.first || hashKey > range.last;
    known.set(name, outside);
    return outside;
  };
}

function hashOf(partitionKey: string): bigint {
  return BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`);
}

/** Undefined for a string that is not a number: it is in no shard. */
function numberOf(explicitHashKey: string): bigint | undefined {
  return /^\d{1,39}$/.test(explicitHashKey) ? BigInt(explicitHashKey) : undefined;
}
