import type { LossWarning } from '../../operations/pipelines/warnings.ts';
import { span } from './time.ts';

/** What a warning says to a person. */
export function lossText({ shardId, lagMs, untilLossMs }: LossWarning, retentionMs: number | undefined): string {
  const loss = untilLossMs > 0 ? `unread records are lost in ${span(untilLossMs)}` : 'unread records are being lost';
  const kept = retentionMs === undefined ? '' : ` (the source keeps them for ${span(retentionMs)})`;
  return `Shard ${shardId} is ${span(lagMs)} behind: ${loss}${kept}.`;
}
