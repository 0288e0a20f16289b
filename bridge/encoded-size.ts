import { Buffer } from 'node:buffer';
import type { EventData } from '../contracts/event.ts';

/** What a record costs in a payload beside its data: position (sequence numbers of up to 129 digits), times, names. */
const ENVELOPE_BYTES = 400;

/** Bytes that a record takes in a request, a little too much rather than too little. */
export function encodedSize(record: { readonly data: EventData; readonly size: number }): number {
  return ENVELOPE_BYTES + encodedDataSize(record);
}

function encodedDataSize({ data, size }: { readonly data: EventData; readonly size: number }): number {
  // JSON is written back exactly as it came; only text is quoted, and may grow by that.
  if ('json' in data) return size;
  if ('base64' in data) return data.base64.length;
  return Buffer.byteLength(JSON.stringify(data.text));
}
