/**
 * Warns, once an hour for each shard, when records that were not read yet are near to being lost.
 *
 * Owns when it has warned of which shard. Outlives the readers, which come and go every few minutes.
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

  look(
    shardId: string,
    { finished, consumedUntil }: Pick<ShardProgress, 'finished' | 'consumedUntil'>,
    retentionMs: number,
  ): void {
    if (finished || consumedUntil === undefined) return;
    const now = this.#wall();
    const behindMs = now - consumedUntil;
    const untilLossMs = retentionMs - behindMs;
    if (untilLossMs >= this.#warnBeforeMs || now - (this.#warnedAt.get(shardId) ?? -Infinity) < AGAIN_AFTER_MS) return;
    // Shards come and go; those that were last told of so long ago need no memory.
    for (const [other, at] of this.#warnedAt) if (now - at >= AGAIN_AFTER_MS) this.#warnedAt.delete(other);
    this.#warnedAt.set(shardId, now);
    this.#log.warn(
      { shard: shardId, behindMs, untilLossMs, retentionMs },
      `reading of shard ${shardId} is ${hours(behindMs)} behind, and the source keeps records for ` +
        `${hours(retentionMs)}: ${untilLossMs > 0 ? `in ${hours(untilLossMs)} unread records are lost` : 'unread records are being lost'}. ` +
        '`keylane status` shows what holds it up; a longer retention (Kinesis) gives more time',
    );
  }
}

function hours(ms: number): string {
  return `${(ms / HOUR_MS).toFixed(1)} h`;
}
