const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * The pool of a key, from 0: FNV-1a over the key's UTF-16 units, followed by the last step of MurmurHash3, since FNV alone
 * puts keys that differ only in their last digits into few pools. This never changes: a key in a different pool would
 * have two lanes (O1).
 */
export function poolOf(key: string, pools: number): number {
  let hash = OFFSET;
  for (let index = 0; index < key.length; index += 1) {
    const unit = key.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), PRIME);
    hash = Math.imul(hash ^ (unit >>> 8), PRIME);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % pools;
}
