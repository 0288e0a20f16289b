/** A reader's page is older than this only when the shard is not read as it should be: then its lag is no longer true. */
const FRESH_MS = 60_000;

/**
 * How far reading of a shard is behind.
 * @param toldMs what the source told with the last page
 * @param unreadMs time since which nothing of the shard has been taken over
 */
export function lagOf(toldMs: number | undefined, unreadMs: number | undefined): number | undefined {
  if (toldMs === undefined || unreadMs === undefined) return toldMs ?? unreadMs;
  return unreadMs - toldMs < FRESH_MS ? toldMs : unreadMs;
}
