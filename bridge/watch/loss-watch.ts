/**
 * Warns, once an hour for each shard, when unread records are about to expire in the source.
 *
 * Owns the time of the last warning for each shard. Outlives the readers, which are replaced every few minutes.
 */
import type { Logger } from 'pino';
import type { ShardProgress } from '../../contracts/pipeline/reading.ts';

const AGAIN_AFTER_MS = 3_600_000;
const HOUR_MS = 3_600_000;

export class LossWatch {
  readonly #log: Logger;
  readonly #warnBeforeMs: number;
  readonly #wall: () => number;
  readonly #warnedAt = new Map<string, number>();

  /** @param wall ms since 1970 */
  constructor(log: Logger, warnBeforeMs: number, wall: () => number = Date.now) {
    this.#log = log;
    this.#warnBeforeMs = warnBeforeMs;
    this.#wall = wall;
  }

  check(
    shardId: string,
    { finished, consumedUntil }: Pick<ShardProgress, 'finished' | 'consumedUntil'>,
    retentionMs: number,
  ): void {
    if (finished || consumedUntil === undefined) return;
    const now = this.#wall();
    const behindMs = now - consumedUntil;
    const untilLossMs = retentionMs - behindMs;
    if (untilLossMs >= this.#warnBeforeMs || now - (this.#warnedAt.get(shardId) ?? -Infinity) < AGAIN_AFTER_MS) return;
    // Shards come and go: entries of shards whose last warning is so old are dropped.
    for (const [other, at] of this.#warnedAt) if (now - at >= AGAIN_AFTER_MS) this.#warnedAt.delete(other);
    this.#warnedAt.set(shardId, now);
    this.#log.warn(
      { shard: shardId, behindMs, untilLossMs, retentionMs },
      `Reading of shard ${shardId} is ${hours(behindMs)} behind, and the source keeps records for ` +
        `${hours(retentionMs)}: ${untilLossMs > 0 ? `unread records are lost in ${hours(untilLossMs)}` : 'unread records are being lost'}. ` +
        '`keylane status` shows the cause; a longer retention (Kinesis) gives more time',
    );
  }
}

function hours(ms: number): string {
  return `${(ms / HOUR_MS).toFixed(1)} h`;
}
