/**
 * From a record of the source to what is handed over: an event of a key's lane, or a record for the quarantine when the
 * user's key function has no usable key for it (O8), or nothing when the user's filter drops it. Never throws.
 */
import { Buffer } from 'node:buffer';
import { encodeEventData } from '../contracts/event-data.ts';
import type { SourceKind } from '../contracts/event.ts';
import { KeyableRecord } from '../contracts/record.ts';
import type { CompiledFilter } from '../sources/filter/filter.ts';
import type { SourceRecord } from '../sources/source.ts';
import type { Handover } from './lane-gateway.ts';

/** A key goes into every run of its lane and into its memo, so one that is a whole document would fill them. */
const LONGEST_KEY_BYTES = 32 * 1024;
const LONGEST_REASON = 1000;

export type KeyFunction = (record: KeyableRecord) => unknown;
/** Undefined for a record that the filter drops. */
export type Intake = (record: SourceRecord) => Handover | undefined;

/**
 * @param key default: the record's partition key
 * @param filter default: every record is handed over
 */
export function createIntake(source: SourceKind, key: KeyFunction | undefined, filter?: CompiledFilter): Intake {
  return (record) => {
    // Before the key function, which need not have a key for what is dropped.
    if (filter?.matches(record) === false) return undefined;
    const { position, arrivedAt } = record;
    // Before the key function, which might write into the data.
    const stored = { position, arrivedAt, data: encodeEventData(record.data), size: record.data.byteLength };
    const found = findKey(source, key, record);
    return 'key' in found
      ? { to: 'lane', key: found.key, event: { ...stored, source } }
      : { to: 'quarantine', record: { ...stored, reason: found.reason.slice(0, LONGEST_REASON) } };
  };
}

type Found = { readonly key: string } | { readonly reason: string };

function findKey(source: SourceKind, key: KeyFunction | undefined, record: SourceRecord): Found {
  if (key === undefined) return usable(record.partitionKey, 'The partition key is');
  try {
    return usable(key(new KeyableRecord({ source, ...record })), 'The key function returned');
  } catch (error) {
    return { reason: `The key function threw: ${describeError(error)}` };
  }
}

function usable(key: unknown, where: string): Found {
  if (typeof key !== 'string' || key === '') return { reason: `${where} ${describeValue(key)}` };
  const bytes = Buffer.byteLength(key);
  if (bytes > LONGEST_KEY_BYTES) return { reason: `${where} a text of ${bytes} bytes, more than ${LONGEST_KEY_BYTES}` };
  return { key };
}

function describeValue(value: unknown): string {
  if (value === '') return 'an empty text';
  if (value === undefined || value === null) return String(value);
  if (value instanceof Promise) {
    // Nobody waits for it, and a rejection that nobody handles would end the process.
    value.catch(() => {});
    return 'a promise: it must not be async';
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return `the ${typeof value} ${value}, not a text`;
  }
  return `a value of type ${Array.isArray(value) ? 'array' : typeof value}, not a text`;
}

function describeError(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  try {
    return String(error);
  } catch {
    return 'a value that cannot be shown';
  }
}
