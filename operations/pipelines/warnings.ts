import type { ShardStatus } from './shards.ts';

/** Unread records of a shard are nearer to being lost than the settings allow (`reading.warnBefore`). */
export interface LossWarning {
  readonly shardId: string;
  readonly lagMs: number;
  readonly untilLossMs: number;
}

export function lossWarnings(shards: readonly ShardStatus[], warnBeforeMs: number): LossWarning[] {
  return shards.flatMap(({ shardId, lagMs, untilLossMs }) =>
    lagMs === undefined || untilLossMs === undefined || untilLossMs >= warnBeforeMs
      ? []
      : [{ shardId, lagMs, untilLossMs }],
  );
}
