const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * The pool of a key, from 0: FNV-1a over the key's UTF-16 units. Never changes: a key that changed its pool would have two
 * lanes (O1).
 */
export function poolOf(key: string, pools: number): number {
  let hash = OFFSET;
  for (let index = 0; index < key.length; index += 1) {
    const unit = key.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), PRIME);
    hash = Math.imul(hash ^ (unit >>> 8), PRIME);
  }
  // The low bits of FNV are its worst ones.
  return ((hash ^ (hash >>> 15)) >>> 0) % pools;
}
