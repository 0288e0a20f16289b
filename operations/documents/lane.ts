import { z } from 'zod';
import type { LaneEvent } from '../../contracts/event/event.ts';
import { formatPosition } from '../../contracts/event/position.ts';
import type { HeadFailure, LanePhase } from '../../contracts/lane/phase.ts';
import type { ObservedLane } from '../lanes/lane-view.ts';
import { count, documentSchema, head, iso, isoIfKnown, time } from './document.ts';
import { laneDecisionPart, laneDecisionSchema } from './lane-decision.ts';
import { dataPart, dataSchema, endedPart, endedSchema, failurePart, failureSchema } from './parts.ts';

const policySchema = z.object({
  maxAttempts: z.number(),
  initialIntervalMs: z.number(),
  backoff: z.number(),
  maxIntervalMs: z.number(),
});

const failing = {
  failure: failureSchema,
  policy: policySchema,
  /** Since when the head has been failing. */
  since: time,
  attempts: count,
  /** `attempts` when the present round of attempts began. */
  roundFrom: count,
  losses: count.optional(),
  nextAttemptAt: time.optional(),
};

const phaseSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('idle') }),
  z.object({ state: z.literal('running'), count }),
  z.object({ state: z.literal('retrying'), ...failing }),
  z.object({ state: z.literal('blocked'), ...failing }),
  z.object({
    state: z.literal('paused'),
    since: time,
    by: z.string(),
    reason: z.string().optional(),
    /** What the head was doing, if it had failed. */
    held: z.object({ state: z.enum(['retrying', 'blocked']), ...failing }).optional(),
  }),
]);

const headSchema = z.object({
  position: z.string(),
  arrivedAt: time,
  data: dataSchema,
  /** Bytes. */
  size: count,
  source: z.enum(['kinesis', 'dynamodb']),
  /** How often it was replaced. */
  replaced: count.optional(),
  redriveSequence: z.string().optional(),
  forwarded: z.string().optional(),
});

/** What `keylane show` knows of a key that has its own lane. */
export const laneDocumentSchema = documentSchema('lane', {
  /** The key as it is typed. */
  name: z.string(),
  pipeline: z.string(),
  key: z.string(),
  workflowId: z.string(),
  phase: phaseSchema,
  head: headSchema.optional(),
  /** Events behind the head. */
  waiting: count,
  /** Set while some of them are in segments. */
  segments: z.object({ count, events: count, bytes: count }).optional(),
  /** The next few events behind the head. */
  next: z.array(z.object({ position: z.string(), arrivedAt: time, size: count })),
  /** Events handled so far. */
  handled: count,
  decisions: z.array(laneDecisionSchema),
  /** By shard: the last position that the lane has accepted. */
  marks: z.record(z.string(), z.string()),
  /** Set when the lane is closed; the rest is what it was then. */
  ended: endedSchema.optional(),
  /** Set while the lane recovers what a terminated run held; the rest is incomplete until then. */
  recovering: endedSchema.extend({ runId: z.string() }).optional(),
  /** When the source deletes the data of the head, where nothing else has it. */
  keptUntil: time.optional(),
});

export function laneDocument(lane: ObservedLane, name: string): z.infer<typeof laneDocumentSchema> {
  const { pipeline, key, workflowId, phase, waiting, segments, handled, ended, recovering } = lane;
  return {
    ...head('lane'),
    name,
    pipeline,
    key,
    workflowId,
    phase: phasePart(phase),
    head: lane.head && headPart(lane.head),
    waiting,
    segments,
    next: lane.next.map(({ position, arrivedAt, size }) => ({ position, arrivedAt: iso(arrivedAt), size })),
    handled,
    decisions: lane.decisions.map(laneDecisionPart),
    marks: Object.fromEntries(Object.entries(lane.marks).map(([shard, mark]) => [shard, formatPosition(mark)])),
    ended: ended && endedPart(ended),
    recovering: recovering && { ...endedPart(recovering), runId: recovering.runId },
    keptUntil: isoIfKnown(lane.keptUntil),
  };
}

function phasePart(phase: LanePhase): z.infer<typeof phaseSchema> {
  if (phase.state === 'idle') return { state: 'idle' };
  if (phase.state === 'running') return { state: 'running', count: phase.count };
  if (phase.state !== 'paused') return { state: phase.state, ...failingPart(phase) };
  const { state, since, by, reason, held } = phase;
  return { state, since: iso(since), by, reason, held: held && { state: held.state, ...failingPart(held) } };
}

function failingPart({ failure, policy, since, attempts, roundFrom, losses, nextAttemptAt }: HeadFailure) {
  const { maxAttempts, initialIntervalMs, backoff, maxIntervalMs } = policy;
  return {
    failure: failurePart(failure),
    policy: { maxAttempts, initialIntervalMs, backoff, maxIntervalMs },
    since: iso(since),
    attempts,
    roundFrom,
    losses,
    nextAttemptAt: isoIfKnown(nextAttemptAt),
  };
}

function headPart(event: LaneEvent): z.infer<typeof headSchema> {
  const { position, arrivedAt, data, size, source, replaced, redriveSequence, forwarded } = event;
  return {
    position: formatPosition(position),
    arrivedAt: iso(arrivedAt),
    data: dataPart(data),
    size,
    source,
    replaced,
    redriveSequence,
    forwarded,
  };
}
