import { Buffer } from 'node:buffer';
import type { InlineData } from './event.ts';
import { isDeep } from '../../lib/pure/json-depth.ts';

/** Bytes of large data that people are shown wherever its event is named. */
const PREVIEW_BYTES = 384;

// ignoreBOM keeps a leading byte order mark: the bytes must survive the round trip.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Picks the most readable form of the bytes from which {@link decodeEventData} gives exactly the same bytes back. */
export function encodeEventData(bytes: Uint8Array): InlineData {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
  return encodeText(text);
}

function encodeText(text: string): InlineData {
  try {
    const json: unknown = JSON.parse(text);
    // Spaces, large or long numbers, repeated or integer-like names do not survive a parse: those stay text.
    if (!isDeep(text) && JSON.stringify(json) === text) return { json };
  } catch {
    // Not JSON.
  }
  return { text };
}

export function decodeEventData(data: InlineData): Uint8Array {
  if ('base64' in data) return Buffer.from(data.base64, 'base64');
  return Buffer.from('text' in data ? data.text : JSON.stringify(data.json), 'utf8');
}

/** How the data begins: as text where it is text, else in base64. */
export function previewOf(bytes: Uint8Array): string {
  const start = bytes.subarray(0, PREVIEW_BYTES);
  try {
    // As a stream: the last character may be cut.
    return new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
  } catch {
    return Buffer.from(start).toString('base64');
  }
}
