/** A page older than this means that the shard is not being read properly, and the lag it reported is out of date. */
const FRESH_MS = 60_000;

/**
 * How far reading of a shard is behind.
 * @param reportedMs lag that the source reported with the last page
 * @param unreadMs age of the watermark up to which the shard has been consumed
 */
export function lagOf(reportedMs: number | undefined, unreadMs: number | undefined): number | undefined {
  if (reportedMs === undefined || unreadMs === undefined) return reportedMs ?? unreadMs;
  return unreadMs - reportedMs < FRESH_MS ? reportedMs : unreadMs;
}
