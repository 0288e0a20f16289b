/**
 * Turns a record of the source into a delivery: an event for a key's lane, or a record for the quarantine when the
 * user's key function returns no usable key (O8), or nothing when the user's filter drops it. Never throws: whatever
 * goes wrong with one record puts that record into the quarantine, and its shard is read on (O3).
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

/** A key is part of every run of its lane and of its memo, so a key that is a whole document would fill them. */
const MAX_KEY_BYTES = 32 * 1024;
const MAX_REASON_CHARS = 1000;
/** The reason of a record without a key when the key function is asynchronous. */
export const PROMISE = 'a promise: it must not be async';
/** With the `u` flag a complete pair counts as one character, so only lone surrogates match. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;
/**
 * Data may take up to this many times its bytes in Temporal: a control character in a string is written as `\u0000`.
 */
const MAX_GROWTH = 7;

export type KeyFunction = (record: KeyableRecord) => unknown;
/** Undefined for a record that the filter drops. */
export type RecordRouter = (record: SourceRecord) => RoutedRecord | undefined;

/** What is delivered, and the data that must be in the store before that. */
export type RoutedRecord = Delivery & { readonly toStore?: Claimed };

interface Claimed {
  readonly claim: Claim;
  readonly bytes: Uint8Array;
}

/** @param key undefined for a record without one */
type ClaimOf = (position: Position, key: string | undefined, bytes: Uint8Array) => Claim;

/** How data is treated that is too large for Temporal. */
export interface LargeData {
  /** Maximum number of bytes of an event's data in Temporal. */
  readonly above: number;
  /** Names the data for the store. Without it the data stays in the source, and its lane reports that (O9). */
  readonly claimOf?: ClaimOf;
}

/**
 * @param key default: the record's partition key
 * @param filter default: every record is delivered
 * @param large default: all data goes through Temporal
 */
export function createRecordRouter(
  source: SourceKind,
  key: KeyFunction | undefined,
  filter?: CompiledFilter,
  large: LargeData = { above: Infinity },
): RecordRouter {
  const route: RecordRouter = (record) => {
    if (record.problem !== undefined) return toQuarantine(record, record.problem, large);
    // Before the key function, which need not have a key for records that are dropped.
    if (filter?.matches(record) === false) return undefined;
    const found = findKey(source, key, record);
    if ('reason' in found) return toQuarantine(record, found.reason, large);
    const { position, arrivedAt } = record;
    const size = record.data.byteLength;
    const { data, ...toStore } = encodePayload(record, large, found.key);
    return { to: 'lane', key: found.key, event: { position, arrivedAt, data, size, source }, ...toStore };
  };
  return (record) => {
    try {
      return route(record);
    } catch (error) {
      // Without the store, since the store may be what failed.
      return toQuarantine(record, `This record could not be routed: ${thrownText(error)}`, { above: large.above });
    }
  };
}

/** A record for the quarantine, with what the key function may need when it is called again. */
function toQuarantine(record: SourceRecord, reason: string, large: LargeData): RoutedRecord {
  const { position, arrivedAt, partitionKey } = record;
  const { data, ...toStore } = encodePayload(record, large, undefined);
  const kept = { position, arrivedAt, data, size: record.data.byteLength, partitionKey };
  return { to: 'quarantine', record: { ...kept, reason: failureText(reason, MAX_REASON_CHARS) }, ...toStore };
}

/** The data as it is sent to Temporal: all of it, or a reference; and what is written to the store for that (O9). */
function encodePayload(
  { data: bytes, position }: SourceRecord,
  { above, claimOf }: LargeData,
  key: string | undefined,
): { readonly data: EventData; readonly toStore?: Claimed } {
  const size = bytes.byteLength;
  if (size <= above) {
    const data = encodeEventData(bytes);
    // Most data is so small that it need not be measured.
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
  const half = key.search(LONE_SURROGATE);
  if (half !== -1) {
    const unit = key.charCodeAt(half).toString(16).toUpperCase();
    return {
      reason: `${where} a string with half of a surrogate pair (U+${unit} at index ${half}): it has no UTF-8 form, so it cannot be a key`,
    };
  }
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) return { reason: `${where} a string of ${bytes} bytes, more than ${MAX_KEY_BYTES}` };
  return { key };
}

function describeValue(value: unknown): string {
  if (value === '') return 'an empty string';
  if (value === undefined || value === null) return String(value);
  if (isThenable(value)) {
    // The promise is not awaited, and an unhandled rejection would end the process.
    void Promise.resolve(value).catch(() => {});
    return PROMISE;
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return `the ${typeof value} ${value}, not a string`;
  }
  return `a value of type ${Array.isArray(value) ? 'array' : typeof value}, not a string`;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
