import { z } from 'zod';
import { formatPosition } from '../../contracts/event/position.ts';
import type { Gap } from '../../contracts/pipeline/state.ts';
import type { KnownStream } from '../../contracts/pipeline/stream-identity.ts';
import type { PipelineStatus } from '../pipelines/pipeline-status.ts';
import type { OtherPipeline } from '../pipelines/registry.ts';
import { lossText } from '../pipelines/warnings.ts';
import { count, documentSchema, head, iso, time } from './document.ts';
import { endedPart, endedSchema } from './parts.ts';
import { poolsPart, poolsSchema } from './pools.ts';
import { shardPart, shardSchema } from './shard.ts';

const streamSchema = z.object({
  arn: z.string().optional(),
  region: z.string().optional(),
  createdAt: z.string().optional(),
  id: z.string().optional(),
  oldestShard: z.object({ shardId: z.string(), beginning: z.string() }).optional(),
  enabled: z.string().optional(),
  endpoint: z.string().optional(),
  seenAt: z.string(),
});

const gapSchema = z.object({
  shardId: z.string(),
  /** The last position that was read before the gap; absent when nothing was. */
  after: z.string().optional(),
  /** The first position behind the gap; absent when nothing was left. */
  until: z.string().optional(),
  /** When the gap was found. */
  at: time,
});

const pipelineSchema = z.object({
  pipeline: z.string(),
  state: z.enum(['reading', 'paused', 'stopped', 'ended', 'not started', 'unknown']),
  source: z.string().optional(),
  paused: z.object({ by: z.string(), since: time, reason: z.string().optional() }).optional(),
  ended: endedSchema.optional(),
  readers: count,
  shards: z.array(shardSchema),
  /** Of all shards, finished ones included. */
  records: z.object({ accepted: count, filtered: count }),
  /** Open lanes by state. */
  lanes: z.object({ healthy: count, retrying: count, blocked: count, paused: count }),
  /** Lanes that were terminated, failed or timed out while they held records; 100 at most. */
  endedLanes: count,
  /** Absent when each key has its own lane, or no worker answered. */
  pools: poolsSchema.optional(),
  /** Records in the quarantine; null when no worker answered. */
  quarantined: count.nullable(),
  quarantineProblem: z.string().optional(),
  readErrors: z.array(z.object({ activity: z.string(), attempt: count, message: z.string() })),
  /** How long the source keeps a record. */
  retentionMs: count.optional(),
  stream: streamSchema.optional(),
  /** Another stream that was found in its place. */
  otherStream: z.object({ found: streamSchema, since: time }).optional(),
  /** Since when the stream does not keep the order of a key. */
  unordered: z.object({ since: time }).optional(),
  gaps: z.object({ count, latest: z.array(gapSchema) }),
  /** Shards whose unread records will expire soon. */
  warnings: z.array(z.object({ shardId: z.string(), lagMs: z.number(), untilLossMs: z.number(), message: z.string() })),
});

/** What `keylane status` knows. */
export const statusDocumentSchema = documentSchema('status', {
  pipelines: z.array(pipelineSchema),
  /** Pipelines that are not in the settings, and run or have keys that need a decision. */
  others: z.array(z.object({ pipeline: z.string(), blocked: count })),
});

export function statusDocument(
  statuses: readonly PipelineStatus[],
  others: readonly OtherPipeline[],
): z.infer<typeof statusDocumentSchema> {
  return {
    ...head('status'),
    pipelines: statuses.map(pipelinePart),
    others: others.map(({ pipeline, blocked }) => ({ pipeline, blocked })),
  };
}

function pipelinePart(status: PipelineStatus): z.infer<typeof pipelineSchema> {
  const { pipeline, state, source, readers, endedLanes, quarantineProblem, retentionMs } = status;
  return {
    pipeline,
    state,
    source,
    readers,
    shards: status.shards.map(shardPart),
    records: { accepted: status.records.accepted, filtered: status.records.filtered },
    lanes: { ...status.lanes },
    endedLanes,
    pools: status.pools && poolsPart(status.pools),
    quarantined: status.quarantined ?? null,
    quarantineProblem,
    readErrors: status.readErrors.map(({ activity, attempt, message }) => ({ activity, attempt, message })),
    retentionMs,
    ...streamPart(status),
    gaps: { count: status.gaps.count, latest: status.gaps.latest.map(gapPart) },
    warnings: status.warnings.map((warning) => {
      const { shardId, lagMs, untilLossMs } = warning;
      return { shardId, lagMs, untilLossMs, message: lossText(warning, retentionMs) };
    }),
  };
}

function streamPart({ paused, ended, stream, otherStream, unordered }: PipelineStatus) {
  return {
    paused: paused && { by: paused.by, since: iso(paused.since), reason: paused.reason },
    ended: ended && endedPart(ended),
    stream: stream && knownStreamPart(stream),
    otherStream: otherStream && { found: knownStreamPart(otherStream.found), since: iso(otherStream.since) },
    unordered: unordered && { since: iso(unordered.since) },
  };
}

function knownStreamPart(stream: KnownStream): z.infer<typeof streamSchema> {
  const { arn, region, createdAt, id, oldestShard, enabled, endpoint, seenAt } = stream;
  return { arn, region, createdAt, id, oldestShard, enabled, endpoint, seenAt };
}

function gapPart({ shardId, after, until, at }: Gap): z.infer<typeof gapSchema> {
  return { shardId, after: after && formatPosition(after), until: until && formatPosition(until), at: iso(at) };
}
