import { z } from 'zod';
import { formatPosition } from '../../contracts/event/position.ts';
import type { ShardStatus } from '../pipelines/shards.ts';
import { count, isoIfKnown, time } from './document.ts';

export const shardSchema = z.object({
  shardId: z.string(),
  state: z.enum(['reading', 'waiting', 'finished', 'gone']),
  /** Everything up to here has been accepted by Temporal. */
  checkpoint: z.string().optional(),
  /** This field and those below are absent for a finished shard. */
  lagMs: z.number().optional(),
  parents: z.array(z.string()).optional(),
  /** Records accepted so far. */
  accepted: count.optional(),
  /** Records that the filter dropped so far. */
  filtered: count.optional(),
  /** Records of aggregates that belong to another shard. */
  misrouted: count.optional(),
  /** Everything that arrived before this time has been accepted. */
  consumedUntil: time.optional(),
  /** How long until unread records expire: retention minus lag. */
  untilLossMs: z.number().optional(),
  readError: z.string().optional(),
});

export function shardPart(shard: ShardStatus): z.infer<typeof shardSchema> {
  const { shardId, state, checkpoint, lagMs, parents, accepted, filtered, misrouted, untilLossMs, readError } = shard;
  return {
    shardId,
    state,
    checkpoint: checkpoint && formatPosition(checkpoint),
    lagMs,
    parents: parents && [...parents],
    accepted,
    filtered,
    misrouted,
    consumedUntil: isoIfKnown(shard.consumedUntil),
    untilLossMs,
    readError,
  };
}
