/**
 * From a record of the source to what is handed over: an event of a key's lane, or a record for the quarantine when the
 * user's key function has no usable key for it (O8), or nothing when the user's filter drops it. Never throws: whatever goes
 * wrong with one record sets that record apart in the quarantine, and its shard is read on (O3).
 */
import { Buffer } from 'node:buffer';
import { encodeEventData, previewOf } from '../../contracts/event/data-codec.ts';
import type { Claim, EventData, SourceKind } from '../../contracts/event/event.ts';
import { failureText } from '../../contracts/event/failure.ts';
import type { Position } from '../../contracts/event/position.ts';
import { KeyableRecord } from '../../contracts/public/record.ts';
import { thrownText } from '../../contracts/event/thrown.ts';
import type { CompiledFilter } from '../../sources/filter/filter.ts';
import type { SourceRecord } from '../../sources/source.ts';
import { dataSize } from '../deliver/encoded-size.ts';
import type { Delivery } from '../deliver/gateway.ts';

/** A key goes into every run of its lane and into its memo, so one that is a whole document would fill them. */
const LONGEST_KEY_BYTES = 32 * 1024;
const LONGEST_REASON = 1000;
/** What a record without a key has as its reason when the key function is asynchronous. */
export const PROMISE = 'a promise: it must not be async';
/** With this flag a pair counts as one character, which is not among these. */
const HALF_PAIR = /[\ud800-\udfff]/u;
/** So many times its bytes data may take in Temporal: a control character in a text is written as `\u0000`. */
const MAX_GROWTH = 7;

export type KeyFunction = (record: KeyableRecord) => unknown;
/** Undefined for a record that the filter drops. */
export type RecordRouter = (record: SourceRecord) => RoutedRecord | undefined;

/** What is handed over, and what has to be in the store before that. */
export type RoutedRecord = Delivery & { readonly toStore?: Claimed };

interface Claimed {
  readonly claim: Claim;
  readonly bytes: Uint8Array;
}

/** @param key undefined for a record without one */
type ClaimOf = (position: Position, key: string | undefined, bytes: Uint8Array) => Claim;

/** What becomes of data that is too large for Temporal. */
export interface LargeData {
  /** Bytes that an event's data may take in Temporal. */
  readonly above: number;
  /** Names it for the store. Without one it is left in the source, and its lane tells (O9). */
  readonly claimOf?: ClaimOf;
}

/**
 * @param key default: the record's partition key
 * @param filter default: every record is handed over
 * @param large default: all data goes through Temporal
 */
export function createRecordRouter(
  source: SourceKind,
  key: KeyFunction | undefined,
  filter?: CompiledFilter,
  large: LargeData = { above: Infinity },
): RecordRouter {
  const takeIn: RecordRouter = (record) => {
    if (record.problem !== undefined) return setApart(record, record.problem, large);
    // Before the key function, which need not have a key for what is dropped.
    if (filter?.matches(record) === false) return undefined;
    const found = findKey(source, key, record);
    if ('reason' in found) return setApart(record, found.reason, large);
    const { position, arrivedAt } = record;
    const size = record.data.byteLength;
    const { data, ...toStore } = encodePayload(record, large, found.key);
    return { to: 'lane', key: found.key, event: { position, arrivedAt, data, size, source }, ...toStore };
  };
  return (record) => {
    try {
      return takeIn(record);
    } catch (error) {
      // Without the store, which may be what has failed.
      return setApart(record, `This record could not be taken in: ${thrownText(error)}`, { above: large.above });
    }
  };
}

/** For the quarantine, with what the key function may need when it is asked again. */
function setApart(record: SourceRecord, reason: string, large: LargeData): RoutedRecord {
  const { position, arrivedAt, partitionKey } = record;
  const { data, ...toStore } = encodePayload(record, large, undefined);
  const kept = { position, arrivedAt, data, size: record.data.byteLength, partitionKey };
  return { to: 'quarantine', record: { ...kept, reason: failureText(reason, LONGEST_REASON) }, ...toStore };
}

/** The data as it goes through Temporal: all of it, or what is known of it; and what goes to the store for that (O9). */
function encodePayload(
  { data: bytes, position }: SourceRecord,
  { above, claimOf }: LargeData,
  key: string | undefined,
): { readonly data: EventData; readonly toStore?: Claimed } {
  const size = bytes.byteLength;
  if (size <= above) {
    const data = encodeEventData(bytes);
    // Most data need not be measured.
    if (size <= above / MAX_GROWTH || dataSize({ data, size }) <= above) return { data };
  }
  if (claimOf === undefined) return { data: { sourceOnly: { preview: previewOf(bytes) } } };
  const own = new Uint8Array(bytes);
  const claim = claimOf(position, key, own);
  return { data: { claim }, toStore: { claim, bytes: own } };
}

type Found = { readonly key: string } | { readonly reason: string };

/** The record's key, or why it has none. */
export function findKey(source: SourceKind, key: KeyFunction | undefined, record: SourceRecord): Found {
  if (key === undefined) return usable(record.partitionKey, 'The partition key is');
  try {
    return usable(key(new KeyableRecord({ source, ...record })), 'The key function returned');
  } catch (error) {
    return { reason: `The key function threw: ${thrownText(error)}` };
  }
}

function usable(key: unknown, where: string): Found {
  if (typeof key !== 'string' || key === '') return { reason: `${where} ${describeValue(key)}` };
  const half = key.search(HALF_PAIR);
  if (half !== -1) {
    const unit = key.charCodeAt(half).toString(16).toUpperCase();
    return {
      reason: `${where} a text with half of a surrogate pair (U+${unit} at index ${half}): it has no UTF-8 form, and no lane of its own`,
    };
  }
  const bytes = Buffer.byteLength(key);
  if (bytes > LONGEST_KEY_BYTES) return { reason: `${where} a text of ${bytes} bytes, more than ${LONGEST_KEY_BYTES}` };
  return { key };
}

function describeValue(value: unknown): string {
  if (value === '') return 'an empty text';
  if (value === undefined || value === null) return String(value);
  if (isThenable(value)) {
    // Nobody waits for it, and a rejection that nobody handles would end the process.
    void Promise.resolve(value).catch(() => {});
    return PROMISE;
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return `the ${typeof value} ${value}, not a text`;
  }
  return `a value of type ${Array.isArray(value) ? 'array' : typeof value}, not a text`;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
