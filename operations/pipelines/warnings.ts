import { span } from '../../lib/pure/span.ts';
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

/** A warning for the operator. */
export function lossText({ shardId, lagMs, untilLossMs }: LossWarning, retentionMs: number | undefined): string {
  const loss = untilLossMs > 0 ? `unread records are lost in ${span(untilLossMs)}` : 'unread records are being lost';
  const kept = retentionMs === undefined ? '' : ` (the source keeps them for ${span(retentionMs)})`;
  return `Shard ${shardId} is ${span(lagMs)} behind: ${loss}${kept}.`;
}
