// Pool workflows need lane ids, too, and cannot use `node:crypto`.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { encode } from '@temporalio/common/lib/encoding.js';

/** Columns for workflow ids and keyword search attributes hold 255 characters on SQL servers. */
const LONGEST_ID = 255;
const HASH_LENGTH = 32;

/**
 * The workflow id of a key's lane: `orders:order-42`. A key that is too long is cut, and a hash of the whole key makes
 * the id unique. Length is counted in UTF-8 bytes, the strictest of the ways in which databases count.
 */
export function laneWorkflowId(pipeline: string, key: string): string {
  const id = `${pipeline}:${key}`;
  if (byteLength(id) <= LONGEST_ID && isPlain(key)) return id;
  const hash = bytesToHex(sha256(bytesOf(key))).slice(0, HASH_LENGTH);
  const printable = toPlain(key);
  const room = LONGEST_ID - byteLength(`${pipeline}:`) - HASH_LENGTH - 1;
  return `${pipeline}:${cutToBytes(printable, room)}~${hash}`;
}

/** The key as the search attribute holds it; undefined if it does not fit. */
export function searchableKey(key: string): string | undefined {
  return byteLength(key) <= LONGEST_ID && isPlain(key) ? key : undefined;
}

/**
 * Control characters and lone surrogates cannot be stored as UTF-8 text by every server, and `~` before a hash would let
 * a crafted key take the id of another.
 */
function isPlain(key: string): boolean {
  return key === toPlain(key) && !/~[0-9a-f]{32}$/.test(key);
}

function toPlain(key: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  return key.toWellFormed().replace(/[\u0000-\u001f\u007f\ufffd]/g, '_');
}

function cutToBytes(text: string, max: number): string {
  let cut = text.slice(0, max);
  while (byteLength(cut) > max) cut = cut.slice(0, -1);
  return cut.toWellFormed().replace(/\ufffd/g, '_');
}

/**
 * The key in UTF-8. Half a surrogate pair, which has no UTF-8 form, gets the three bytes that its code would have, which
 * occur in no UTF-8 text. So no two keys have the same bytes, although the bridge accepts no such key.
 */
function bytesOf(key: string): Uint8Array {
  if (key.isWellFormed()) return encode(key);
  const bytes: number[] = [];
  for (const character of key) {
    const code = character.charCodeAt(0);
    if (character.isWellFormed()) bytes.push(...encode(character));
    else bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  }
  return Uint8Array.from(bytes);
}

function byteLength(text: string): number {
  return encode(text).length;
}
