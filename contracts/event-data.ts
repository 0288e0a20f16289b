import { Buffer } from 'node:buffer';
import type { EventData } from './event.ts';

// ignoreBOM keeps a leading byte order mark: the bytes must survive the round trip.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Picks the most readable form of the bytes from which {@link decodeEventData} gives exactly the same bytes back. */
export function encodeEventData(bytes: Uint8Array): EventData {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
  return encodeText(text);
}

function encodeText(text: string): EventData {
  try {
    const json: unknown = JSON.parse(text);
    // Spaces, large or long numbers, repeated or integer-like names do not survive a parse: those stay text.
    if (JSON.stringify(json) === text) return { json };
  } catch {
    // Not JSON, or nested too deeply to be worth reading.
  }
  return { text };
}

export function decodeEventData(data: EventData): Uint8Array {
  if ('base64' in data) return Buffer.from(data.base64, 'base64');
  return Buffer.from('text' in data ? data.text : JSON.stringify(data.json), 'utf8');
}
